"""SQLite stores anything anywhere: what means the same travels, in whatever form it is."""

import json
from datetime import UTC, datetime

import pytest
from sqlalchemy import update

from backend.models import Group
from backend.sync.result import ConflictKind
from tests.integration.sync.homes import shared
from tests.integration.sync.pair import FROM_A_FILE, Pair
from tests.integration.sync.shell import by_hand
from tests.integration.sync.test_refusals import sql


@FROM_A_FILE
@pytest.mark.parametrize(
    "moment",
    [
        "2026-01-31 09:00:00",
        "2026-01-31T09:00:00Z",
        "2026-01-31 12:00:00+03:00",
        "2026-01-31 09:00:00.000",
    ],
)
@pytest.mark.parametrize("known", [True, False], ids=["known", "first"])
def test_a_moment_in_another_form_is_the_same_moment(pair: Pair, moment, known):
    home = shared(pair)
    for column in ("updated_at", "deleted_at"):
        by_hand(pair.local, f"UPDATE groups SET {column} = ?", moment)
    if not known:
        same = datetime(2026, 1, 31, 9, tzinfo=UTC)
        pair.remote.do(update(Group).values(updated_at=same, deleted_at=same))

    outcome = pair.push(deletes=True, start_over=not known)

    assert outcome.written == known
    assert pair.differences() == {}
    assert pair.verify() == []
    by_hand(pair.local, "UPDATE groups SET name = 'Again'")
    assert pair.push().tables["groups"].updated == 1
    assert [one.written for one in pair.both()] == [0, 0]
    assert pair.remote.one(Group, home.group)["deleted_at"] == datetime(2026, 1, 31, 9, tzinfo=UTC)


TEXTS = [
    "it's \"quoted\" \\ back\\\\slashed",
    "$undo$ $$ %s {} :name ; -- /* */",
    "tabs\tand\r\nlines\x01\x1f\x7f\x80\u2028",
    "👩‍👩‍👧‍👦 ı İ ş ₺ \u0301e \ufeff",
    "[1, null] {\"a\": \"\\u0000\"}",
    "x" * 1000,
]  # fmt: skip


@pytest.mark.parametrize("words", TEXTS, ids=json.dumps)
def test_any_text_travels_there_and_back_and_can_be_taken_back(pair: Pair, words, tmp_path):
    home = shared(pair)
    before = pair.remote.dump()
    pair.local.change_order(home.order, title=words[:120], factor=2)
    outcome = pair.push(backup=tmp_path)
    there = pair.remote.dump()
    pair.remote.change_order(home.order, title=words[:119] + "!", factor=2)
    pair.pull()

    assert pair.differences() == {}
    assert pair.local.dump()["orders"][home.order,]["title"] == words[:119] + "!"
    assert there["orders"][home.order,]["title"] == words[:120]
    assert outcome.backup
    pair.remote.run_script(outcome.backup)
    assert pair.remote.dump() == before
    pair.pull(on_conflict="remote")
    assert pair.differences() == {}


@pytest.mark.parametrize("pair", ["sqlite-postgres"], indirect=True)
@pytest.mark.parametrize("moment", ["infinity", "-infinity", "12026-01-31 09:00:00"])
def test_a_moment_that_the_app_could_not_read_is_not_taken(pair: Pair, moment):
    shared(pair)
    group, other = pair.remote.add_group(), pair.remote.add_group()
    sql(pair.remote, f"UPDATE groups SET created_at = '{moment}' WHERE id = '{group}'")

    (told,) = pair.pull().open_conflicts

    assert (told.kind, told.key) == (ConflictKind.REFUSED, str(group))
    assert "created_at does not hold a moment" in told.because
    assert other in pair.local.ids(Group)
    sql(pair.remote, "UPDATE groups SET created_at = now()")
    assert pair.pull().open_conflicts == []
    assert pair.differences() == {}
