"""SQLite stores anything anywhere: what means the same travels, in whatever form it is."""

from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy import update

from backend.models import Group
from backend.sync.options import Cap
from backend.sync.result import ConflictKind
from tests.integration.sync.homes import shared
from tests.integration.sync.pair import FROM_A_FILE, Pair
from tests.integration.sync.shell import by_hand
from tests.integration.sync.test_refusals import sql
from tests.integration.sync.world import World

MOMENT = datetime(2026, 1, 31, 9, tzinfo=UTC)
FORMS = [
    "2026-01-31 09:00:00",
    "2026-01-31T09:00:00Z",
    "2026-01-31 12:00:00+03:00",
    "2026-01-31 09:00:00.000",
]


@FROM_A_FILE
@pytest.mark.parametrize("known", [True, False], ids=["known", "first"])
def test_a_moment_in_another_form_is_the_same_moment(pair: Pair, known):
    groups = [shared(pair).group, *(pair.local.add_group() for _ in FORMS[1:])]
    pair.push()
    for group, form in zip(groups, FORMS, strict=True):
        for column in ("updated_at", "deleted_at"):
            by_hand(pair.local, f"UPDATE groups SET {column} = ? WHERE id = ?", form, group.hex)
    if not known:
        pair.remote.do(update(Group).values(updated_at=MOMENT, deleted_at=MOMENT))

    outcome = pair.push(deletes=True, max_deletes=Cap(percent=100), start_over=not known)

    assert outcome.written == (len(FORMS) if known else 0)
    assert pair.differences() == {}
    assert pair.verify() == []
    by_hand(pair.local, "UPDATE groups SET name = 'Again'")
    assert pair.push().tables["groups"].updated == len(FORMS)
    assert [one.written for one in pair.both()] == [0, 0]
    ends = {group: pair.remote.one(Group, group)["deleted_at"] for group in groups}
    assert ends == dict.fromkeys(groups, MOMENT)


TEXTS = [
    "it's \"quoted\" \\ back\\\\slashed",
    "$undo$ $$ %s {} :name ; -- /* */",
    "tabs\tand\r\nlines\x01\x1f\x7f\x80\u2028",
    "👩‍👩‍👧‍👦 ı İ ş ₺ \u0301e \ufeff",
    "[1, null] {\"a\": \"\\u0000\"}",
    "x" * 1000,
]  # fmt: skip


def test_any_text_travels_there_and_back_and_can_be_taken_back(pair: Pair, tmp_path):
    home = shared(pair)
    texts = {pair.local.add_order(home.group, home.one, {home.two: 5}): text for text in TEXTS}
    pair.push()
    before = pair.remote.dump()
    for order, text in texts.items():
        pair.local.change_order(order, title=text[:120], factor=2)
    outcome = pair.push(backup=tmp_path)
    there = titles(pair.remote, texts)
    for order, text in texts.items():
        pair.remote.change_order(order, title=text[:119] + "!", factor=2)
    pair.pull()

    assert pair.differences() == {}
    assert there == {order: text[:120] for order, text in texts.items()}
    assert titles(pair.local, texts) == {key: text[:119] + "!" for key, text in texts.items()}
    assert outcome.backup
    pair.remote.run_script(outcome.backup)
    assert pair.remote.dump() == before
    pair.pull(on_conflict="remote")
    assert pair.differences() == {}


def titles(world: World, orders: Iterable[UUID]) -> dict[UUID, str]:
    rows = world.dump()["orders"]
    return {order: rows[order,]["title"] for order in orders}


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
