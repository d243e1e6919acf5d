"""Keys that change, and one person under two keys, whatever else has happened to either."""

import pytest
from sqlalchemy import delete, insert, select, update

from backend.db.base import Base
from backend.db.ids import new_id
from backend.invariants import check
from backend.models import Group, Order, OrderPayer, OrderShare, User
from backend.sync.options import Cap, OnConflict
from backend.sync.result import ConflictKind
from tests.integration.sync.homes import household, shared
from tests.integration.sync.pair import Pair
from tests.integration.sync.shell import remove_account
from tests.integration.sync.test_refusals import sql as by_hand

ALL = {"deletes": True, "max_deletes": Cap(percent=100)}


def settled(pair: Pair) -> None:
    """See that both sides are one, and that nothing is left to do."""
    assert pair.differences() == {}
    assert pair.verify() == []
    assert [one.written for one in pair.both(**ALL)] == [0, 0]
    assert pair.inspect().conflicts == []
    for world in (pair.local, pair.remote):
        assert check(world.database).is_clean


BATCHES = pytest.mark.parametrize("batch_size", [1, 100])


@BATCHES
def test_deleted_for_good_here_and_signed_up_again_here(pair, batch_size):
    home = shared(pair)
    remove_account(pair.local, home.ada)
    pair.local.add_user("ada@example.com", "Ada again")

    outcome, _ = pair.both(**ALL, batch_size=batch_size)

    assert outcome.deletions == []
    settled(pair)
    assert pair.local.ids(User) == [home.ada]
    assert pair.remote.one(User, home.ada)["display_name"] == "Ada again"


@BATCHES
def test_deleted_for_good_there_and_signed_up_again_there(pair, batch_size):
    home = shared(pair)
    remove_account(pair.remote, home.ada)
    new = pair.remote.add_user("ada@example.com", "Ada again")

    outcome = pair.pull(**ALL, batch_size=batch_size)
    pair.push(**ALL)

    assert outcome.deletions == []

    settled(pair)
    assert pair.local.ids(User) == [new]


def test_deleted_for_good_here_and_signed_up_again_there(pair):
    home = shared(pair)
    remove_account(pair.local, home.ada)
    pair.remote.change(User, home.ada, email="old@example.com", email_key="old@example.com")
    new = pair.remote.add_user("ada@example.com", "Ada again")

    for _ in range(2):
        pair.both(**ALL, on_conflict=OnConflict.LOCAL)

    assert new in pair.local.ids(User)
    settled(pair)


def test_deleted_and_signed_up_again_on_both_sides(pair):
    home = shared(pair)
    for world in (pair.local, pair.remote):
        remove_account(world, home.ada)
        world.add_user("ada@example.com", "Ada again")

    pair.both(**ALL)

    settled(pair)
    assert len(pair.local.ids(User)) == 1


def test_a_person_and_the_membership_are_paired_in_one_run_either_way(pair):
    for pull in (False, True):
        name = f"{pull}@example.com"
        group = pair.remote.add_group()
        pair.both(**ALL)
        here, there = pair.local.add_user(name), pair.remote.add_user(name)
        ours, theirs = pair.local.add_member(group, here), pair.remote.add_member(group, there)
        order = pair.local.add_order(group, ours, {ours: 11})
        pair.remote.add_order(group, theirs, {theirs: 23})

        outcome = pair.pull(**ALL) if pull else pair.push(**ALL)
        pair.both(**ALL)

        assert [(one.table, one.survivor_key) for one in outcome.paired] == [
            ("users", str(there)),
            ("group_members", str(theirs)),
        ]
        settled(pair)
        assert order in pair.remote.ids(Order)
        assert pair.local.ids(User).count(there) == 1


@pytest.mark.parametrize("way", ["push", "pull"])
def test_what_came_with_a_pair_can_be_taken_back(pair, way, tmp_path):
    """But for the key: one person under one key is no loss."""
    group = pair.remote.add_group()
    pair.both(**ALL)
    here, there = pair.local.add_user("bo@example.com"), pair.remote.add_user("Bo@example.com")
    ours, theirs = pair.local.add_member(group, here), pair.remote.add_member(group, there)
    pair.local.add_order(group, ours, {ours: 11})
    pair.remote.add_order(group, theirs, {theirs: 23})
    target = pair.remote if way == "push" else pair.local
    before = target.balances()

    outcome = getattr(pair, way)(**ALL, backup=tmp_path)
    target.run_script(outcome.backup)

    assert sorted(target.balances().values()) == sorted(before.values())
    assert target.count(Order) == 1
    assert check(target.database).is_clean
    for _ in range(2):
        pair.both(**ALL, on_conflict=OnConflict.LOCAL)
    settled(pair)


def test_a_pair_on_a_first_sync_is_the_same_dry_and_wet(pair):
    household(pair.local)
    household(pair.remote)
    pair.remote.add_user("bo@example.com")
    pair.local.add_user("Bo@example.com")

    for way in (pair.pull, pair.push):
        dry, wet = way(dry_run=True), way()
        assert (dry.tables, dry.paired, dry.conflicts) == (wet.tables, wet.paired, wet.conflicts)
        assert dry.first == wet.first

    settled(pair)


def test_an_order_that_was_moved_to_another_currency(pair, tmp_path):
    """People cannot do that in the app; somebody with a shell can."""
    home = shared(pair)
    before = pair.remote.dump()
    parts = [Base.metadata.tables[model.__tablename__] for model in (OrderPayer, OrderShare)]
    with pair.local.writing() as connection:
        held = [[dict(row) for row in connection.execute(select(t)).mappings()] for t in parts]
        for part in parts:
            connection.execute(delete(part))
        connection.execute(update(Order).values(currency="EUR"))
        for part, rows in zip(parts, held, strict=True):
            connection.execute(insert(part), [{**row, "currency": "EUR"} for row in rows])

    outcome = pair.push(**ALL, backup=tmp_path)

    settled(pair)
    assert pair.remote.one(Order, home.order)["currency"] == "EUR"
    pair.remote.run_script(outcome.backup)
    assert pair.remote.dump() == before
    pair.pull(**ALL)
    settled(pair)


def test_settled_one_way_there_and_the_other_way_back(pair):
    home = shared(pair)
    pair.local.change_order(home.order, title="Here", factor=2)
    pair.remote.change_order(home.order, title="There", factor=3)

    pair.push(on_conflict=OnConflict.LOCAL)
    pair.pull(on_conflict=OnConflict.REMOTE)

    settled(pair)
    assert pair.local.one(Order, home.order)["title"] == "Here"


def test_kept_there_and_then_kept_here(pair):
    home = shared(pair)
    pair.local.change_order(home.order, title="Here", factor=2)
    pair.remote.change_order(home.order, title="There", factor=3)

    pair.push(on_conflict=OnConflict.REMOTE)
    pair.pull(on_conflict=OnConflict.LOCAL)

    settled(pair)
    assert pair.local.one(Order, home.order)["title"] == "There"


def test_a_row_that_gets_another_key(pair):
    pair.local.add_group()
    pair.both()
    key = new_id()
    pair.local.do(update(Group).values(id=key))

    pair.push(**ALL)

    settled(pair)
    assert pair.remote.ids(Group) == [key]


@pytest.mark.parametrize("pair", ["sqlite-postgres", "sqlite-sqlite"], indirect=True)
@pytest.mark.parametrize(
    "statement",
    [
        "INSERT OR REPLACE INTO users SELECT {new}, email, email_key, 'Replaced', password_hash,"
        " status, created_at, updated_at, deleted_at, version FROM users WHERE email = {bo}",
        "UPDATE OR REPLACE users SET email = {bo}, email_key = {bo} WHERE email = {cem}",
    ],
)
def test_a_row_that_another_one_took_the_place_of_is_known_to_be_gone(pair, statement):
    """SQLite deletes it, and tells no trigger so."""
    bo, cem = (pair.local.add_user(f"{name}@example.com", name) for name in ("bo", "cem"))
    pair.push()
    values = {"new": new_id().hex, "bo": "bo@example.com", "cem": "cem@example.com"}

    by_hand(pair.local, statement.format(**{name: f"'{each}'" for name, each in values.items()}))
    # The address is free there only when its holder is gone, at the end of the first run.
    for _ in range(2):
        pair.push(**ALL)

    assert pair.differences() == {}
    assert pair.verify() == []
    assert (cem if "UPDATE" in statement else bo) in pair.remote.ids(User)


@pytest.mark.parametrize("pair", ["sqlite-postgres", "sqlite-sqlite"], indirect=True)
def test_a_row_that_was_replaced_is_one_that_changed(pair):
    home = shared(pair)
    by_hand(
        pair.local,
        "INSERT OR REPLACE INTO orders SELECT id, group_id, created_by, 'Replaced', currency, total,"
        " ordered_on, split_mode, note, created_at, updated_at, deleted_at, version FROM orders",
    )
    pair.remote.do(delete(OrderShare), delete(OrderPayer), delete(Order))

    outcome = pair.pull(**ALL)

    assert [one.kind for one in outcome.open_conflicts] == [ConflictKind.DELETED_AND_CHANGED]
    assert home.order in pair.local.ids(Order)
