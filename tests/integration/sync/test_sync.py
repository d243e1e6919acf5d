"""What is changed on one side arrives on the other, once, whole, and nothing else does."""

from backend.models import Group, Order, User
from backend.sync.options import OnConflict
from tests.integration.sync.homes import household
from tests.integration.sync.pair import EVERY_PAIR


@EVERY_PAIR
def test_an_empty_target_is_filled_and_a_second_run_writes_nothing(pair):
    household(pair.local)

    first, second = pair.push(), pair.push()

    assert first.first
    assert first.written == 8
    assert (second.first, second.written) == (False, 0)
    assert pair.differences() == {}
    # The account is new there, and so brings its password along.
    assert pair.local.dump() == pair.remote.dump()
    assert pair.verify() == []


def test_a_first_sync_is_a_union(pair):
    household(pair.local)
    pair.remote.add_group("Trip")
    pair.remote.add_user("bo@example.com", "Bo")

    pushed, pulled = pair.both()

    assert pushed.first
    assert (pushed.written, pulled.written) == (8, 2)
    assert pair.differences() == {}
    assert pair.push().written == pair.pull().written == 0


def test_only_what_changed_travels_and_only_the_way_that_was_asked_for(pair):
    order = household(pair.local).order
    pair.push()
    pair.local.change_order(order, title="Coffee", factor=2)
    there = pair.remote.add_group("Trip")

    pushed = pair.push()

    assert {name: count.written for name, count in pushed.tables.items()} == {
        "orders": 1,
        "order_payers": 1,
        "order_shares": 2,
    }
    assert pair.remote.one(Order, order)["title"] == "Coffee"
    assert pair.inspect().to_local == {"groups": 1}
    assert pair.pull().written == 1
    assert there in pair.local.ids(Group)
    assert pair.differences() == {}


@EVERY_PAIR
def test_one_person_with_two_accounts_is_one(pair):
    household(pair.local)
    theirs = pair.remote.add_user("ADA@example.com", "Ada")

    pushed = pair.push()

    (paired,) = [one for one in pushed.paired if one.table == "users"]
    assert paired.survivor_key == str(theirs)
    assert pushed.conflicts == []
    assert pair.local.ids(User) == pair.remote.ids(User) == [theirs]
    assert [row["user_id"] for row in members(pair.remote) if row["user_id"]] == [theirs]
    pair.pull()
    assert pair.differences() == {}
    # Each side's account keeps its own password.
    assert (
        pair.local.one(User, theirs)["password_hash"]
        != pair.remote.one(User, theirs)["password_hash"]
    )


def members(world):
    return list(world.dump()["group_members"].values())


def test_both_changed_is_a_conflict_that_touches_nothing(pair):
    order = household(pair.local).order
    pair.push()
    pair.local.change_order(order, title="Coffee", factor=2)
    pair.remote.change_order(order, title="Raki", factor=3)

    pushed, pulled = pair.both()

    assert [one.table for one in pushed.open_conflicts] == ["orders"]
    assert [one.table for one in pulled.open_conflicts] == ["orders"]
    assert pair.remote.one(Order, order)["title"] == "Raki"
    assert pair.local.one(Order, order)["title"] == "Coffee"
    assert pair.inspect().conflicts[0].table == "orders"


@EVERY_PAIR
def test_a_conflict_is_settled_as_the_operator_says(pair):
    order = household(pair.local).order
    pair.push()
    pair.local.change_order(order, title="Coffee", factor=2)
    pair.remote.change_order(order, title="Raki", factor=3)

    pushed = pair.push(on_conflict=OnConflict.LOCAL)
    pair.pull()

    assert pushed.open_conflicts == []
    assert pair.differences() == {}
    assert pair.local.one(Order, order)["title"] == "Coffee"
    # Both changes were counted.
    assert pair.local.one(Order, order)["version"] == 3


def test_deletions_stay_behind_unless_they_are_let_travel(pair):
    order = household(pair.local).order
    pair.push()
    pair.local.delete_order(order)

    held = pair.push()
    let = pair.push(deletes=True)

    assert [(one.table, one.travelled) for one in held.deletions] == [("orders", False)]
    assert held.written == 0
    assert [(one.table, one.travelled) for one in let.deletions] == [("orders", True)]
    assert pair.differences() == {}


def test_a_dry_run_says_the_same_and_writes_nothing(pair):
    household(pair.local)
    household_of_others = pair.remote.add_user("ada@example.com", "Another")

    before = pair.local.dump(), pair.remote.dump()
    tried = pair.push(dry_run=True)
    assert (pair.local.dump(), pair.remote.dump()) == before
    done = pair.push()

    assert tried.tables == done.tables
    assert tried.conflicts == done.conflicts
    assert tried.paired == done.paired
    assert household_of_others in pair.local.ids(User)
