"""A row with a value that its column is not for is named and stays behind; the rest travels."""

import re
from typing import Any
from uuid import UUID

import pytest

from backend.errors import DataError, ExitCode
from backend.models import Group, Order, User
from backend.sync.options import SyncOptions
from backend.sync.result import ConflictKind, MergeConflict
from backend.sync.runner import take_turns
from tests.integration.sync.homes import household, shared
from tests.integration.sync.pair import FROM_A_FILE, PULL, PUSH, Pair, Silent
from tests.integration.sync.shell import by_hand, remove_account
from tests.integration.sync.test_broken_constraints import HOME_AND_SITE, endpoints
from tests.integration.sync.test_refusals import sql

KNOWN_OR_FIRST = pytest.mark.parametrize(
    "known",
    [pytest.param(True, id="known"), pytest.param(False, id="first", marks=pytest.mark.slow)],
)


@HOME_AND_SITE
@pytest.mark.parametrize(
    ("statement", "table", "column"),
    [
        pytest.param("UPDATE users SET display_name = 'canary' || char(0)", "users", "display_name", id="NUL"),
        pytest.param("UPDATE users SET display_name = x'63616e617279'", "users", "display_name", id="bytes"),
        pytest.param("UPDATE users SET display_name = CAST(x'63616e617279ff' AS TEXT)", "users", "display_name", id="no UTF-8"),
        pytest.param("UPDATE users SET display_name = CAST(x'63616e617279eda080' AS TEXT)", "users", "display_name", id="half a pair"),
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
@KNOWN_OR_FIRST
def test_what_a_column_is_not_for_is_named_and_the_rest_travels(
    pair: Pair, statement, table, column, known
):
    household(pair.local)
    if known:
        pair.both()
    good = pair.local.dump()[table]
    by_hand(pair.local, statement)
    before, other = pair.remote.dump(), pair.local.add_group("Other")

    outcome = pair.push()

    the_unfit(outcome.open_conflicts, table, column)
    assert other in pair.remote.ids(Group)
    assert pair.remote.dump()[table] == before[table]
    by_hand(
        pair.local, f"UPDATE {table} SET {column} = ?", plain(next(iter(good.values()))[column])
    )
    assert pair.push().open_conflicts == []
    assert pair.differences() == {}


def the_unfit(
    conflicts: list[MergeConflict], table: str, column: str, side: str = "local"
) -> MergeConflict:
    """Return the one conflict, which names a row and no value."""
    (one,) = conflicts
    assert (one.kind, one.fields) == (ConflictKind.UNFIT, ())
    assert one.table == ("orders" if table.startswith("order_") else table)
    assert re.fullmatch(
        rf"the {side} one: {table} [0-9a-f-]{{36}}.*: {column} does not hold .*", one.because
    )
    assert "canary" not in str(one)
    return one


@pytest.mark.parametrize(
    ("pair", "direction"),
    [("sqlite-postgres", PUSH), ("postgres-sqlite", PULL), ("sqlite-sqlite", PUSH), ("sqlite-sqlite", PULL)],
    indirect=["pair"],
)  # fmt: skip
@KNOWN_OR_FIRST
def test_it_is_said_again_until_the_value_is_mended(pair: Pair, direction, known):
    source, target = endpoints(pair, direction)
    home, side = household(source), direction.names[0]
    if known:
        pair.both()
    left = source.add_order(home.group, home.one, {home.two: 5})
    by_hand(source, "UPDATE orders SET total = 2.5 WHERE id = ?", left.hex)
    there = source.add_order(home.group, home.two, {home.one: 7})

    first, again, shown = (pair.sync(direction, dry_run=dry) for dry in (False, False, True))

    told = the_unfit(first.open_conflicts, "orders", "total", side)
    assert told.key == str(left)
    assert first.written
    assert set(target.ids(Order)) == {home.order, there}
    for outcome in (again, shown):
        assert (outcome.open_conflicts, outcome.written) == ([told], 0)
    assert pair.inspect().conflicts == [told]
    assert pair.verify() == []
    by_hand(source, "UPDATE orders SET total = 5 WHERE id = ?", left.hex)
    assert pair.sync(direction).open_conflicts == []
    assert pair.differences() == {}


@pytest.mark.parametrize("pair", ["sqlite-sqlite"], indirect=True)
def test_what_two_files_hold_alike_is_like_itself_only_to_sqlite(pair: Pair):
    group = pair.local.add_group()
    pair.remote.add_group(id=group)
    for world in (pair.local, pair.remote):
        by_hand(world, "UPDATE groups SET name = x'63', created_at = '', updated_at = ''")

    (told,) = pair.push().open_conflicts

    assert (told.kind, told.key) == (ConflictKind.UNFIT, str(group))


@HOME_AND_SITE
def test_in_turn_it_is_left_and_the_rest_goes_both_ways(pair: Pair):
    shared(pair)
    bad, here, there = pair.local.add_group(), pair.local.add_group(), pair.remote.add_group()
    by_hand(pair.local, "UPDATE groups SET name = x'63' WHERE id = ?", bad.hex)

    rounds = take_turns(pair.endpoints, SyncOptions(PUSH), Silent())

    assert rounds.as_dict()["exit_code"] == ExitCode.FOUND_WANTING
    assert there in pair.local.ids(Group)
    assert set(pair.local.ids(Group)) - set(pair.remote.ids(Group)) == {bad}
    assert here in pair.remote.ids(Group)


@HOME_AND_SITE
def test_what_is_written_to_is_not_overwritten_where_it_cannot_be_read(pair: Pair):
    home = shared(pair)
    other = pair.remote.add_group("Other")
    by_hand(pair.local, "UPDATE groups SET name = x'63' WHERE id = ?", home.group.hex)
    pair.remote.change(Group, home.group, name="Newer")

    (told,) = pair.pull(on_conflict="remote").open_conflicts

    assert (told.kind, told.key) == (ConflictKind.UNFIT, str(home.group))
    assert other in pair.local.ids(Group)
    by_hand(pair.local, "UPDATE groups SET name = 'Mended' WHERE id = ?", home.group.hex)
    assert pair.pull(on_conflict="remote").open_conflicts == []
    assert pair.local.one(Group, home.group)["name"] == "Newer"


@HOME_AND_SITE
def test_a_group_that_the_rules_cannot_be_put_to_waits_alone(pair: Pair):
    home = shared(pair)
    sql(pair.local, "UPDATE orders SET id = 'not a key'")
    pair.remote.add_settlement(home.group, home.one, home.two, 5)
    other = pair.remote.add_group("Other")

    conflicts = pair.pull().open_conflicts

    assert {one.kind for one in conflicts} == {ConflictKind.FAULT}
    assert "the local one: the rule 'payers add up' meets a value" in conflicts[0].because
    assert other in pair.local.ids(Group)
    sql(pair.local, f"UPDATE orders SET id = '{home.order.hex}'")
    assert pair.pull().open_conflicts == []
    assert pair.differences() == {}


@HOME_AND_SITE
@pytest.mark.parametrize("direction", [PUSH, PULL])
@pytest.mark.parametrize(("column", "mended"), [("status", "active"), ("display_name", "Ada")])
def test_one_person_under_two_keys_is_no_pair_where_a_row_cannot_be_copied(
    pair: Pair, direction, column, mended
):
    shared(pair)
    here, there = (world.add_user("bo@example.com") for world in (pair.local, pair.remote))
    by_hand(pair.local, f"UPDATE users SET {column} = x'63' WHERE id = ?", here.hex)

    outcome = pair.sync(direction)

    assert outcome.paired == []
    assert [one.table for one in outcome.open_conflicts] == ["users"]
    by_hand(pair.local, f"UPDATE users SET {column} = ? WHERE id = ?", mended, here.hex)
    assert [one.survivor_key for one in pair.sync(direction).paired] == [str(there)]
    pair.both()
    assert pair.differences() == {}


@HOME_AND_SITE
def test_what_only_travels_with_a_new_row_is_looked_at_too(pair: Pair):
    shared(pair)
    bad, good = pair.local.add_user(), pair.local.add_user()
    by_hand(pair.local, "UPDATE users SET password_hash = x'63' WHERE id = ?", bad.hex)

    (told,) = pair.push().open_conflicts

    assert (told.kind, told.key) == (ConflictKind.UNFIT, str(bad))
    assert "password_hash does not hold a text" in told.because
    assert good in pair.remote.ids(User)
    by_hand(pair.local, "UPDATE users SET password_hash = 'h' WHERE id = ?", bad.hex)
    assert pair.push().open_conflicts == []
    assert pair.differences() == {}


@HOME_AND_SITE
def test_what_would_be_deleted_stays_where_no_script_could_bring_it_back(pair: Pair, tmp_path):
    shared(pair)
    user = pair.local.add_user()
    pair.both()
    by_hand(pair.local, "UPDATE users SET password_hash = x'63' WHERE id = ?", user.hex)
    remove_account(pair.remote, user)

    (told,) = pair.pull(deletes=True, backup=tmp_path).open_conflicts

    assert (told.kind, told.key) == (ConflictKind.UNFIT, str(user))
    assert user in pair.local.ids(User)


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
@KNOWN_OR_FIRST
def test_a_key_in_another_spelling_is_named_and_forgotten_once_it_is_gone(pair: Pair, spell, known):
    household(pair.local)
    group = pair.local.add_group()
    if known:
        pair.both()
    by_hand(pair.local, "UPDATE groups SET id = ? WHERE id = ?", spell(group.hex), group.hex)
    other = pair.local.add_group()

    for outcome in (pair.push(), pair.push(), pair.push(deletes=True, dry_run=True)):
        told = outcome.open_conflicts
        # With deletions, the row that seems to be gone is one of them.
        assert {(one.table, one.kind) for one in told} == {("groups", ConflictKind.UNFIT)}
        assert "the local one: id does not hold a UUID" in told[0].because
        assert not any(one.travelled for one in outcome.deletions)
    assert pair.inspect().conflicts[0].because == told[0].because
    assert pair.verify() == []

    assert other in pair.remote.ids(Group)
    assert (group in pair.remote.ids(Group)) == known
    by_hand(pair.local, "UPDATE groups SET id = ? WHERE id = ?", group.hex, spell(group.hex))
    assert pair.push().open_conflicts == []
    assert pair.differences() == {}


@HOME_AND_SITE
def test_a_key_of_bytes_is_refused_before_anything_is_written(pair: Pair):
    group = pair.local.add_group()
    by_hand(pair.local, "UPDATE groups SET id = x'63616e617279' WHERE id = ?", group.hex)

    with pytest.raises(DataError, match=r"groups .*: id does not hold a UUID"):
        pair.push()

    assert pair.remote.ids(Group) == []
