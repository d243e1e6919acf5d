"""Changes of both sides that meet: merged where they can be, else a conflict; none is lost."""

from datetime import timedelta

import pytest

from backend.db.types import utc_now
from backend.invariants import check
from backend.models import Group, GroupMember, Order, Settlement, User
from backend.sync.options import Cap, OnConflict
from backend.sync.result import ConflictKind
from tests.integration.sync.homes import household, shared

ALL = {"deletes": True, "max_deletes": Cap(percent=100)}


def told(outcome) -> list[tuple[str, str, ConflictKind]]:
    return [(one.table, one.key, one.kind) for one in outcome.open_conflicts]


def test_two_people_exchange_their_addresses(pair):
    ada, bo = pair.local.add_user("ada@example.com"), pair.local.add_user("bo@example.com")
    pair.push()
    pair.local.change(User, ada, email="x@example.com", email_key="x@example.com")
    pair.local.change(User, bo, email="ada@example.com", email_key="ada@example.com")
    pair.local.change(User, ada, email="bo@example.com", email_key="bo@example.com")

    outcome = pair.push()

    assert outcome.conflicts == []
    assert pair.differences() == {}


def test_an_address_that_moves_on_is_waited_for(pair):
    """Batches of one: who takes an address comes before whom it was taken from."""
    people = [pair.local.add_user(f"p{number}@example.com") for number in range(4)]
    pair.push()
    for number in reversed(range(4)):
        address = f"p{number + 1}@example.com"
        pair.local.change(User, people[number], email=address, email_key=address)

    outcome = pair.push(batch_size=1)

    assert (outcome.conflicts, outcome.written) == ([], 4)
    assert pair.differences() == {}


def test_an_address_that_somebody_else_has_there_is_a_conflict(pair):
    ada, bo = pair.local.add_user("ada@example.com"), pair.local.add_user("bo@example.com")
    pair.push()
    pair.local.change(User, ada, email="new@example.com", email_key="new@example.com")
    pair.remote.change(User, bo, email="new@example.com", email_key="new@example.com")

    outcome = pair.push()

    assert told(outcome) == [("users", str(ada), ConflictKind.TAKEN)]
    assert str(bo) in outcome.open_conflicts[0].because
    assert "new@example.com" not in outcome.open_conflicts[0].because
    assert pair.remote.one(User, ada)["email"] == "ada@example.com"


def test_what_needs_a_row_that_stays_behind_stays_behind_too(pair):
    ada = pair.local.add_user("ada@example.com")
    pair.push()
    pair.remote.change(User, ada, email="x@example.com", email_key="x@example.com")
    # Nobody has seen this one there: it is new here, and its address has an owner there.
    pair.remote.add_user("bo@example.com")
    bo = pair.local.add_user("b2@example.com")
    pair.push()
    pair.local.change(User, bo, email="x@example.com", email_key="x@example.com")
    group = pair.local.add_group()
    pair.local.add_member(group, bo)

    outcome = pair.push()

    assert told(outcome) == [("users", str(bo), ConflictKind.TAKEN)]
    # The account is there already, with its old address: the member can go.
    assert outcome.waiting == {}
    assert pair.remote.count(GroupMember) == 1


def test_a_new_account_whose_address_was_taken_by_a_known_one_keeps_its_rows_at_home(pair):
    cem = pair.local.add_user("cem@example.com")
    pair.push()
    pair.remote.change(User, cem, email="new@example.com", email_key="new@example.com")
    new = pair.local.add_user("new@example.com")
    group = pair.local.add_group()
    pair.local.add_member(group, new)

    outcome = pair.push()

    assert told(outcome) == [("users", str(new), ConflictKind.TAKEN)]
    assert outcome.waiting == {"group_members": 1}
    assert pair.remote.count(GroupMember) == 0


def test_the_same_person_joins_the_same_group_on_both_sides(pair):
    home = shared(pair)
    bo = pair.local.add_user("bo@example.com", "Bo")
    pair.both()
    here = pair.local.add_member(home.group, bo, "Bo")
    there = pair.remote.add_member(home.group, bo, "Bo")
    order = pair.local.add_order(home.group, here, {here: 5, home.one: 6})

    outcome = pair.push()
    pair.pull()

    (paired,) = outcome.paired
    assert (paired.table, paired.survivor_key) == ("group_members", str(there))
    assert ("order_payers", f"{order}, {here}") in paired.moved
    assert outcome.conflicts == []
    assert pair.differences() == {}
    assert (there, "TRY") in pair.local.balances()


def test_an_order_for_somebody_whom_the_other_side_has_removed_is_told(pair):
    home = shared(pair)
    pair.remote.change(GroupMember, home.two, deleted_at=utc_now())
    order = pair.local.add_order(home.group, home.two, {home.one: 10, home.two: 5})

    outcome = pair.push()

    assert told(outcome) == [("orders", str(order), ConflictKind.IN_USE)]
    assert str(home.two) in outcome.open_conflicts[0].because
    assert order not in pair.remote.ids(Order)


def test_a_deletion_of_what_the_other_side_has_begun_to_use_is_told(pair):
    home = shared(pair)
    pair.local.change(GroupMember, home.two, deleted_at=utc_now())
    pair.remote.add_order(home.group, home.two, {home.one: 10, home.two: 5})

    outcome = pair.push(**ALL)

    assert told(outcome) == [("group_members", str(home.two), ConflictKind.IN_USE)]
    assert pair.remote.one(GroupMember, home.two)["deleted_at"] is None


def test_changes_that_break_a_rule_together_stay_behind(pair):
    """Each side has squared what it knew of; both together leave somebody owing to nobody."""
    home = household(pair.local)
    pair.local.add_settlement(home.group, home.two, home.one, 700)
    pair.both()
    # Here the guest is even and leaves; there a payment to the guest was taken back.
    pair.local.change(GroupMember, home.two, deleted_at=utc_now())
    settlement = pair.remote.ids(Settlement)[0]
    pair.remote.change(Settlement, settlement, deleted_at=utc_now())
    other = pair.local.add_group("Elsewhere")

    outcome = pair.push(**ALL)

    assert (ConflictKind.IN_USE in [one.kind for one in outcome.conflicts]) or told(outcome) == [
        ("group_members", str(home.two), ConflictKind.RULE)
    ]
    assert other in pair.remote.ids(Group)
    assert check(pair.remote.database).is_clean


def test_what_gives_power_does_not_travel_to_an_account_that_is_there(pair):
    home = shared(pair)
    before = pair.remote.one(User, home.ada)
    pair.local.change(
        User, home.ada, password_hash="another", status="closed", display_name="Ada L."
    )

    pair.push()

    after = pair.remote.one(User, home.ada)
    assert after["display_name"] == "Ada L."
    assert {name: after[name] for name in ("password_hash", "status")} == {
        name: before[name] for name in ("password_hash", "status")
    }


@pytest.mark.parametrize(("later", "title"), [("local", "Here"), ("remote", "There")])
def test_the_newer_one_stays(pair, later, title):
    home = shared(pair)
    pair.local.change_order(home.order, title="Here", factor=2)
    pair.remote.change_order(home.order, title="There", factor=3)
    world = getattr(pair, later)
    world.change(Order, home.order, updated_at=utc_now() + timedelta(hours=1))

    pair.push(on_conflict=OnConflict.NEWER)
    pair.pull(on_conflict=OnConflict.NEWER)

    assert pair.local.one(Order, home.order)["title"] == title
    assert pair.differences() == {}


@pytest.mark.parametrize("pair", ["sqlite-postgres"], indirect=True)
def test_of_two_changes_at_one_moment_none_is_newer(pair):
    home = shared(pair)
    now = utc_now()
    pair.local.change(Group, home.group, name="Here", updated_at=now)
    pair.remote.change(Group, home.group, name="There", updated_at=now)

    (left,) = pair.push(on_conflict=OnConflict.NEWER).open_conflicts

    assert left.because == "neither says that it was changed later"
    assert [left.has_later, pair.inspect().conflicts[0].has_later] == [False, False]
    pair.remote.change(Group, home.group, name="Later", updated_at=now + timedelta(seconds=1))
    assert pair.inspect().conflicts[0].has_later
    assert pair.pull(on_conflict=OnConflict.NEWER).open_conflicts == []


def test_a_deletion_and_a_change_contradict_each_other(pair):
    home = shared(pair)
    pair.local.delete_order(home.order)
    pair.remote.change_order(home.order, title="There", factor=3)

    outcome = pair.push(**ALL)

    assert told(outcome) == [("orders", str(home.order), ConflictKind.DELETED_AND_CHANGED)]
    assert pair.remote.one(Order, home.order)["deleted_at"] is None
