"""What a database refuses by a rule of its own is named, and everything else travels."""

import sqlite3
from contextlib import closing
from functools import partial
from uuid import UUID

import pytest

from backend.errors import DataError
from backend.models import Group, GroupMember, Order, User
from backend.sync.connections import open_pair
from backend.sync.mirror import mirror
from backend.sync.options import Direction, SyncOptions
from backend.sync.result import ConflictKind, MergeConflict, SyncResult
from backend.sync.retries import with_retries
from tests.integration.sync.homes import household, shared
from tests.integration.sync.pair import PULL, PUSH, Pair, Silent
from tests.integration.sync.test_refusals import sql
from tests.integration.sync.world import World

HOME_AND_SITE = pytest.mark.parametrize("pair", ["sqlite-postgres"], indirect=True)
EITHER_WAY = pytest.mark.parametrize("direction", [PUSH, PULL])
LONG = "canary " * 40


def at_once(pair: Pair, direction: Direction, **words) -> SyncResult:
    """Sync as the command does, and see that nothing is tried twice."""
    slept: list[float] = []
    outcome = with_retries(partial(pair.sync, direction, **words), sleep=slept.append)
    assert not slept
    return outcome


def endpoints(pair: Pair, direction: Direction) -> tuple[World, World]:
    return (pair.local, pair.remote) if direction is PUSH else (pair.remote, pair.local)


def rename_past_the_checks(world: World, group: UUID, name: str) -> None:
    """Write as somebody with a shell may."""
    world.close()
    if world.database.path:
        with closing(sqlite3.connect(world.database.path)) as file:
            file.execute("PRAGMA ignore_check_constraints = ON")
            file.execute("UPDATE groups SET name = ? WHERE id = ?", (name, group.hex))
            file.commit()
    else:
        sql(
            world,
            "ALTER TABLE groups DROP CONSTRAINT IF EXISTS ck_groups_name_length",
            f"UPDATE groups SET name = '{name}' WHERE id = '{group}'",
        )


def the_refused(outcome: SyncResult, key: UUID) -> MergeConflict:
    (one,) = [one for one in outcome.open_conflicts if one.kind is ConflictKind.REFUSED]
    assert one.key == str(key)
    assert "canary" not in str(one)
    return one


@HOME_AND_SITE
@EITHER_WAY
def test_a_broken_check_is_a_conflict_and_the_rest_travels(pair: Pair, direction):
    source, target = endpoints(pair, direction)
    shared(pair)
    groups = [source.add_group(f"Group {number}") for number in range(7)]
    rename_past_the_checks(source, groups[3], LONG)

    outcome = at_once(pair, direction)

    assert "name_length" in the_refused(outcome, groups[3]).because
    assert set(groups) - set(target.ids(Group)) == {groups[3]}
    the_refused(at_once(pair, direction, dry_run=True), groups[3])
    # A change of what is there already is refused like a new row.
    rename_past_the_checks(source, groups[0], LONG)
    source.change(Group, groups[1], name="Changed")
    rename_past_the_checks(source, groups[3], "Short again")
    the_refused(at_once(pair, direction), groups[0])
    assert target.one(Group, groups[1])["name"] == "Changed"
    assert target.one(Group, groups[3])["name"] == "Short again"
    rename_past_the_checks(source, groups[0], "Short too")
    assert at_once(pair, direction).open_conflicts == []
    assert pair.differences() == {}


@HOME_AND_SITE
@EITHER_WAY
def test_a_value_that_only_one_side_wants_to_be_unique_does_not_hold_up_the_rest(
    pair: Pair, direction
):
    source, target = endpoints(pair, direction)
    shared(pair)
    sql(target, "CREATE UNIQUE INDEX one_name ON groups (name)")
    groups = [source.add_group(name) for name in ("One", "Two", "Two", "Three")]

    outcome = at_once(pair, direction)

    (left,) = set(groups) - set(target.ids(Group))
    assert left in groups[1:3]
    the_refused(outcome, left)
    source.change(Group, left, name="Four")
    assert at_once(pair, direction).open_conflicts == []


@HOME_AND_SITE
@EITHER_WAY
def test_what_needs_a_refused_row_waits_and_a_part_is_told_by_its_owner(pair: Pair, direction):
    source, target = endpoints(pair, direction)
    home = shared(pair)
    group = source.add_group()
    member = source.add_member(group)
    rename_past_the_checks(source, group, LONG)
    order = source.add_order(home.group, home.one, {home.one: 1, home.two: 2})
    sql(target, *no_such_share(target))

    outcome = at_once(pair, direction)

    kinds = {(one.table, one.key): one.because for one in outcome.open_conflicts}
    assert kinds.keys() == {("groups", str(group)), ("orders", str(order))}
    assert outcome.waiting == {"group_members": 1}
    assert not {member} & set(target.ids(GroupMember))
    assert order not in target.ids(Order)


def no_such_share(world: World) -> list[str]:
    """Return what lets a trigger of the operator refuse a part of an order."""
    if world.database.path:
        return [
            "CREATE TRIGGER no_ones BEFORE INSERT ON order_shares WHEN NEW.amount = 1"
            " BEGIN SELECT RAISE(ABORT, 'canary'); END"
        ]
    return [
        "CREATE FUNCTION no_ones() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN RAISE EXCEPTION ''canary''; END'",
        "CREATE TRIGGER no_ones BEFORE INSERT ON order_shares FOR EACH ROW WHEN (NEW.amount = 1)"
        " EXECUTE FUNCTION no_ones()",
    ]


@HOME_AND_SITE
@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("ALTER TABLE groups ALTER COLUMN name TYPE varchar(12)", "a text is too long"),
        ("ALTER TABLE groups ALTER COLUMN deleted_at SET NOT NULL", "deleted_at"),
    ],
    ids=["type", "not null"],
)
def test_what_only_a_server_refuses(pair: Pair, statement, says):
    pair.both()
    sql(pair.remote, statement)
    long, good = pair.local.add_group("canary of a long name"), pair.local.add_user()

    outcome = at_once(pair, PUSH)

    assert says in the_refused(outcome, long).because
    assert good in [row[0] for row in pair.remote.dump()["users"]]


@HOME_AND_SITE
@EITHER_WAY
def test_a_first_sync_leaves_out_what_is_refused(pair: Pair, direction):
    source, target = endpoints(pair, direction)
    home = household(source)
    group = source.add_group()
    rename_past_the_checks(source, group, LONG)

    outcome = at_once(pair, direction)

    assert outcome.first
    the_refused(outcome, group)
    assert home.order in target.ids(Order)


@HOME_AND_SITE
def test_a_mirror_names_the_row_that_is_refused_and_keeps_what_was_there(pair: Pair):
    home = shared(pair)
    for _ in range(5):
        pair.remote.add_group()
    group = pair.remote.add_group()
    rename_past_the_checks(pair.remote, group, LONG)

    with (
        pytest.raises(DataError, match=rf"groups {group}.*name_length") as told,
        open_pair(pair.endpoints, writing=True) as opened,
    ):
        mirror(opened.pair, SyncOptions(PULL), Silent(), lambda: None)

    assert "canary" not in str(told.value)
    assert pair.local.ids(Group) == [home.group]
    # Still the state after the last sync, not one in which nothing is known to travel.
    assert pair.inspect().to_local == {"groups": 6}


@HOME_AND_SITE
def test_many_rows_that_are_refused_are_all_named_in_one_run(pair: Pair):
    shared(pair)
    groups = [pair.local.add_group() for _ in range(30)]
    for group in groups[::3]:
        rename_past_the_checks(pair.local, group, LONG)

    outcome = at_once(pair, PUSH, batch_size=7)

    assert {one.key for one in outcome.open_conflicts} == set(map(str, groups[::3]))
    assert len(pair.remote.ids(Group)) == 1 + 20


@HOME_AND_SITE
@EITHER_WAY
def test_a_rule_of_the_app_that_one_side_breaks_alone_is_not_laid_to_both(pair: Pair, direction):
    source, target = endpoints(pair, direction)
    home = shared(pair)
    names = {PUSH: ("local", "remote"), PULL: ("remote", "local")}[direction]
    other = source.add_user("bo@example.com")
    source.change(User, other, email_key="not-the-key@example.com")

    told = at_once(pair, direction).open_conflicts

    assert [(one.key, one.kind) for one in told] == [(str(other), ConflictKind.FAULT)]
    assert told[0].because.startswith(f"the {names[0]} one: ")
    source.change(User, other, email_key="bo@example.com")
    sql(target, "UPDATE order_shares SET amount = amount + 1")
    order = source.add_order(home.group, home.one, {home.one: 5})
    (left,) = at_once(pair, direction).open_conflicts
    assert (left.key, left.kind) == (str(order), ConflictKind.FAULT)
    assert left.because.startswith(f"the {names[1]} one: ")
