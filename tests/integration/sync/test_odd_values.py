"""SQLite stores anything anywhere: what means the same travels, what means nothing is refused."""

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from backend.errors import DataError
from backend.models import Group, User
from tests.integration.sync.homes import household, shared
from tests.integration.sync.pair import Pair
from tests.integration.sync.test_refusals import sql
from tests.integration.sync.world import World

FROM_A_FILE = pytest.mark.parametrize("pair", ["sqlite-postgres", "sqlite-sqlite"], indirect=True)
SECRET = "canary"


def by_hand(world: World, statement: str, *values: Any) -> None:
    """Write past the app, as somebody with a shell would."""
    assert world.database.path
    with closing(sqlite3.connect(world.database.path)) as file:
        file.execute("PRAGMA foreign_keys = ON")
        file.execute("PRAGMA ignore_check_constraints = ON")
        file.execute(statement, values)
        file.commit()


@FROM_A_FILE
@pytest.mark.parametrize(
    ("statement", "table", "column"),
    [
        pytest.param("UPDATE users SET display_name = 'canary' || char(0)", "users", "display_name", id="NUL"),
        pytest.param("UPDATE users SET display_name = x'63616e617279'", "users", "display_name", id="bytes"),
        pytest.param(
            "UPDATE users SET display_name = CAST(x'63616e617279ff' AS TEXT)", "users", "display_name",
            id="no UTF-8",
        ),
        pytest.param(
            "UPDATE users SET display_name = CAST(x'63616e617279eda080' AS TEXT)", "users", "display_name",
            id="half a pair",
        ),
        pytest.param("UPDATE orders SET total = 2.5", "orders", "total", id="a fraction"),
        pytest.param("UPDATE orders SET total = 9e18 * 9", "orders", "total", id="more than 64 bits"),
        pytest.param("UPDATE orders SET total = 'canary'", "orders", "total", id="words for a number"),
        pytest.param("UPDATE orders SET ordered_on = '2026-02-30'", "orders", "ordered_on", id="no date"),
        pytest.param("UPDATE orders SET ordered_on = '1.2.2026'", "orders", "ordered_on", id="a German date"),
        pytest.param("UPDATE orders SET updated_at = 'canary'", "orders", "updated_at", id="no moment"),
        pytest.param("UPDATE orders SET updated_at = 1795597487", "orders", "updated_at", id="seconds"),
        pytest.param(
            "UPDATE order_payers SET amount = 1.5", "order_payers", "amount", id="a part of an order"
        ),
    ],
)  # fmt: skip
@pytest.mark.parametrize("known", [True, False], ids=["known", "first"])
def test_what_a_column_is_not_for_is_refused_and_can_be_mended(
    pair: Pair, statement, table, column, known
):
    home = household(pair.local)
    if known:
        pair.both()
    good = pair.local.dump()[table]
    by_hand(pair.local, statement)
    before = pair.remote.dump()

    with pytest.raises(
        DataError, match=f"{table} [0-9a-f]{{32}}.*: {column} does not hold"
    ) as told:
        pair.push()

    assert SECRET not in str(told.value)
    assert pair.remote.dump() == before
    by_hand(
        pair.local, f"UPDATE {table} SET {column} = ?", plain(next(iter(good.values()))[column])
    )
    pair.push()
    assert pair.differences() == {}
    assert home.ada in pair.remote.ids(User)


def plain(value: Any) -> Any:
    """Return a value as SQLite stores it."""
    return str(value).replace("+00:00", "") if not isinstance(value, int) else value


@FROM_A_FILE
@pytest.mark.parametrize(
    "spell",
    [
        pytest.param(lambda key: str(UUID(key)), id="dashes"),
        pytest.param(str.upper, id="capitals"),
        pytest.param(lambda _: "not a key", id="no UUID"),
    ],
)
def test_a_key_in_another_spelling_is_refused_and_forgotten_once_it_is_gone(pair: Pair, spell):
    shared(pair)
    group = pair.local.add_group()
    pair.push()
    by_hand(pair.local, "UPDATE groups SET id = ? WHERE id = ?", spell(group.hex), group.hex)

    with pytest.raises(DataError, match=r"groups .*: id does not hold a UUID"):
        pair.push()

    by_hand(pair.local, "UPDATE groups SET id = ? WHERE id = ?", group.hex, spell(group.hex))
    pair.push()
    assert pair.differences() == {}


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
    sql(pair.remote, f"UPDATE groups SET created_at = '{moment}'")

    with pytest.raises(DataError, match=r"groups .*: created_at does not hold a moment"):
        pair.pull()

    sql(pair.remote, "UPDATE groups SET created_at = now()")
    pair.pull()
    assert pair.differences() == {}
