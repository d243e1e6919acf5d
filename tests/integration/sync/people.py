"""What people do at random, on whichever side they are."""

from random import Random
from uuid import UUID

from sqlalchemy import select

from backend.models import Group, GroupMember, Order, User
from tests.integration.sync.world import World


def act(world: World, random: Random, *, deletes: bool = False, moves: bool = True) -> None:
    """Do one thing that somebody might do; who moves may want another's address."""
    deeds = (_sign_up, _found, _join, _order, _order, _order, _settle, _rename, _retitle)
    random.choice([*deeds, *[_move] * moves, *[_delete] * deletes])(world, random)


def _sign_up(world: World, random: Random) -> None:
    # Few addresses: the same people sign up on both sides.
    address = _address(random)
    if not _is_taken(world, address):
        world.add_user(random.choice([address, address.title()]), random.choice(["Ada", "Bo"]))


def _found(world: World, random: Random) -> None:
    if world.count(Group) < 8:
        world.add_group(f"Group {random.randrange(100)}")


def _join(world: World, random: Random) -> None:
    group, users = _any(world, Group, random), world.ids(User)
    if group:
        there = select(GroupMember.user_id).where(GroupMember.group_id == group)
        taken = {row[0] for row in world.ask(there)}
        user = random.choice([None, *users])
        world.add_member(group, None if user in taken else user, f"M{random.randrange(50)}")


def _order(world: World, random: Random) -> None:
    found = _two_members(world, random)
    if found:
        group, payer, other = found
        shares = {payer: random.randrange(1, 900), other: random.randrange(900)}
        world.add_order(group, payer, shares)


def _settle(world: World, random: Random) -> None:
    found = _two_members(world, random)
    if found:
        world.add_settlement(*found, random.randrange(1, 500))


def _rename(world: World, random: Random) -> None:
    user = _any(world, User, random)
    if user:
        world.change(User, user, display_name=f"N{random.randrange(99)}")


def _retitle(world: World, random: Random) -> None:
    order = _any(world, Order, random)
    if order:
        world.change_order(order, title=f"T{random.randrange(99)}", factor=random.randrange(1, 3))


def _move(world: World, random: Random) -> None:
    user, address = _any(world, User, random), _address(random)
    if user and not _is_taken(world, address):
        world.change(User, user, email=address, email_key=address)


def _delete(world: World, random: Random) -> None:
    order = _any(world, Order, random)
    if order:
        world.delete_order(order)


def _address(random: Random) -> str:
    return f"person{random.randrange(40)}@example.com"


def _is_taken(world: World, address: str) -> bool:
    return bool(world.ask(select(User.id).where(User.email_key == address)))


def _any(world: World, model: type, random: Random) -> UUID | None:
    live = [row[0] for row in world.ask(select(model.id).where(model.deleted_at.is_(None)))]  # type: ignore[attr-defined] # a model
    # Most have the same few in mind, on either side.
    favourites = sorted(live)[: random.choice([2, 2, len(live)])]
    return random.choice(favourites) if live else None


def _two_members(world: World, random: Random) -> tuple[UUID, UUID, UUID] | None:
    """Return a group and two of its members."""
    group = _any(world, Group, random)
    query = select(GroupMember.id).where(GroupMember.group_id == group)
    members = sorted(row[0] for row in world.ask(query))
    if group is None or len(members) < 2:
        return None
    one, other = random.sample(members, 2)
    return group, one, other
