"""Changes that meet no other: what counts as one, how they travel, and how they are taken back."""

from uuid import UUID

import pytest
from sqlalchemy import delete, update

from backend.errors import RefusedError
from backend.models import Group, GroupMember, Order, OrderShare
from backend.sync.options import Cap
from tests.integration.sync.homes import shared

ALL = {"deletes": True, "max_deletes": Cap(percent=100)}


def test_rows_that_are_gone_go_there_too_children_first(pair):
    home = shared(pair)
    pair.local.do(
        *(delete(part).where(part.order_id == home.order) for part in (OrderShare,)),
        delete(Order.payers.property.mapper.class_).where(
            Order.payers.property.mapper.class_.order_id == home.order
        ),
        delete(Order).where(Order.id == home.order),
        delete(GroupMember).where(GroupMember.group_id == home.group),
        delete(Group).where(Group.id == home.group),
    )

    held, let = pair.push(), pair.push(**ALL)

    assert {one.table for one in held.deletions} == {"orders", "group_members", "groups"}
    assert held.written == 0
    assert pair.remote.count(Group) == pair.remote.count(OrderShare) == 0
    assert let.tables["groups"].deleted == 1
    assert pair.differences() == {}


def test_more_deletions_than_are_allowed_are_refused_whole(pair):
    home = shared(pair)
    orders = [pair.local.add_order(home.group, home.one, {home.one: 9}) for _ in range(20)]
    pair.push()
    for order in orders[:5]:
        pair.local.delete_order(order)
    pair.local.add_group("New")

    with pytest.raises(RefusedError, match="5 of 21 rows of orders would be deleted"):
        pair.push(deletes=True)

    assert pair.remote.count(Group) == 1
    assert pair.push(deletes=True, max_deletes=Cap(rows=5, percent=None)).written > 5
    assert pair.differences() == {}


def test_a_row_that_becomes_what_it_was_is_no_change(pair):
    home = shared(pair)
    title = pair.local.one(Group, home.group)["name"]
    for name in ("Another", title):
        pair.local.do(update(Group).where(Group.id == home.group).values(name=name))
    pair.remote.change(Group, home.group, name="There")

    pushed, pulled = pair.both()

    assert (pushed.written, pulled.written) == (0, 1)
    assert pair.local.one(Group, home.group)["name"] == "There"


def test_both_changed_the_same_way_is_no_conflict_and_both_changes_count(pair):
    home = shared(pair)
    for world in (pair.local, pair.remote):
        world.change(Group, home.group, name="Same")

    pushed, pulled = pair.both()

    assert pushed.conflicts == pulled.conflicts == []
    assert pair.differences() == {}
    assert pair.local.one(Group, home.group)["version"] == 3


def test_many_changes_travel_in_small_batches(pair):
    home = shared(pair)
    for number in range(30):
        pair.local.add_order(home.group, home.one, {home.one: number + 1, home.two: 3})

    outcome = pair.push(batch_size=4)

    assert outcome.tables["orders"].inserted == 30
    assert outcome.compared >= 120
    assert pair.differences() == {}


def test_batches_of_one_do_the_same(pair):
    home = shared(pair)
    for world in (pair.local, pair.remote):
        for number in range(4):
            user = world.add_user(f"p{number}@example.com")
            member = world.add_member(home.group, user)
            world.add_order(home.group, member, {member: 7 + number, home.one: 3})

    pushed = pair.push(batch_size=1)
    pair.pull(batch_size=1)

    assert len(pushed.paired) == 8
    assert pair.differences() == {}
    assert [one.written for one in pair.both(batch_size=1)] == [0, 0]


def test_what_a_run_wrote_can_be_taken_back(pair, tmp_path):
    home = shared(pair)
    before = pair.remote.dump()
    pair.local.change_order(home.order, title="Coffee", factor=2)
    pair.local.add_group("New")
    outcome = pair.push(backup=tmp_path / "kept")
    assert pair.remote.dump() != before

    pair.remote.run_script(outcome.backup)

    assert pair.remote.dump() == before
    # Taking it back is a change like any other: the other side can have it too.
    assert pair.inspect().to_local


def test_uuid(pair):
    """Keys are told as people write them."""
    home = shared(pair)
    pair.local.delete_order(home.order)

    (deletion,) = pair.push().deletions

    assert UUID(deletion.key) == home.order
    assert "-" in deletion.key
