"""What is deleted travels in batches, as everything else does, and never over rows in use."""

from collections.abc import Callable
from contextlib import closing

import pytest
from sqlalchemy import delete, insert, update

from backend.db.types import utc_now
from backend.errors import RefusedError
from backend.models import Group, GroupMember, Settlement, User
from backend.sync.options import Cap
from backend.sync.result import ConflictKind
from tests.integration.sync.bad_link import BadLink
from tests.integration.sync.conftest import on_port
from tests.integration.sync.homes import Household, shared
from tests.integration.sync.pair import Pair, paired
from tests.integration.sync.world import World

ALL = {"deletes": True, "max_deletes": Cap(percent=100)}
MANY = 60


def settle_often(pair: Pair, home: Household) -> None:
    for amount in range(1, MANY + 1):
        pair.local.add_settlement(home.group, home.one, home.two, amount)
    pair.both()


def change_all(world: World) -> None:
    world.do(update(Settlement).values(note="Changed", version=Settlement.version + 1))


def remove_all(world: World) -> None:
    world.do(delete(Settlement))


def leave_all(world: World) -> None:
    """Let everybody but the first two leave, as the app does."""
    guests = GroupMember.display_name == "Leaver"
    values = {"deleted_at": utc_now(), "version": GroupMember.version + 1}
    world.do(update(GroupMember).where(guests).values(**values))


def said(pair: Pair, deed: Callable[[World], None]) -> int:
    """Do something here, sync it, and return how often the server was spoken to for it."""
    deed(pair.local)
    with closing(BadLink(int(pair.remote.database.params["port"]), one_way_seconds=0)) as link:
        through = on_port(pair.remote.database, link.port)
        with paired(pair.local.database, through) as far:
            assert far.push(**ALL).written == MANY
        return link.said


@pytest.mark.parametrize("pair", ["sqlite-postgres"], indirect=True)
def test_rows_that_go_cost_what_rows_that_change_cost(pair: Pair):
    home = shared(pair)
    settle_often(pair, home)

    changed, removed = said(pair, change_all), said(pair, remove_all)

    assert pair.remote.count(Settlement) == 0
    assert removed <= changed + 10, (removed, changed)


@pytest.mark.parametrize("pair", ["sqlite-postgres"], indirect=True)
def test_rows_marked_as_deleted_cost_what_rows_that_change_cost(pair: Pair):
    home = shared(pair)
    for _ in range(MANY):
        pair.local.add_member(home.group, None, "Leaver")
    settle_often(pair, home)

    changed, left = said(pair, change_all), said(pair, leave_all)

    # Whether somebody uses them is asked once for each table that could.
    assert left <= 2 * changed, (left, changed)


@pytest.mark.parametrize("pair", ["sqlite-postgres"], indirect=True)
@pytest.mark.parametrize(
    "most", [Cap(rows=2), Cap(percent=20)], ids=["two rows", "a fifth of ten rows"]
)
def test_as_many_go_as_may_and_not_one_more(pair: Pair, most):
    shared(pair)
    groups = [pair.local.add_group() for _ in range(9)]
    pair.both()
    pair.local.do(delete(Group).where(Group.id.in_(groups[:3])))
    before = pair.remote.dump()

    with pytest.raises(RefusedError, match=f"3 of 10 rows of groups .*; at most {most} may"):
        pair.push(deletes=True, max_deletes=most)

    assert pair.remote.dump() == before
    row = before["groups"][groups[2],]
    pair.local.do(insert(Group).values(row))
    assert pair.push(deletes=True, max_deletes=most).tables["groups"].deleted == 2
    assert set(groups[:3]) & set(pair.remote.ids(Group)) == {groups[2]}


def test_of_many_that_go_those_in_use_stay(pair: Pair):
    """Accounts go at home; on the other side two of them have become members meanwhile."""
    home = shared(pair)
    users = [pair.local.add_user(f"p{number}@example.com") for number in range(12)]
    pair.both()
    pair.local.do(delete(User).where(User.id.in_(users)))
    used = {users[3], users[7]}
    for user in used:
        pair.remote.add_member(home.group, user)

    outcome = pair.push(**ALL, batch_size=5)

    assert outcome.tables["users"].deleted == 10
    assert {one.kind for one in outcome.open_conflicts} == {ConflictKind.IN_USE}
    assert {one.key for one in outcome.open_conflicts} == {str(user) for user in used}
    assert all("group_members" in one.because for one in outcome.open_conflicts)
    assert set(pair.remote.ids(User)) == {home.ada, *used}
