"""What somebody with a shell does, past the app: rows that are gone, come back, get other keys."""

import sqlite3
from contextlib import closing
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import delete, update

from backend.db.ids import new_id
from backend.models import GroupMember, Order, OrderPayer, OrderShare, Settlement, User
from tests.integration.sync.world import World


def interfere(world: World, random: Random) -> None:
    """Do one thing; what the database refuses is the caller's to catch."""
    deed, model = random.choice(_DEEDS)
    if rows := world.ids(model):
        deed(world, random.choice(rows))


def remove_account(world: World, user: UUID) -> None:
    """Delete an account for good; its members stay, without one."""
    world.do(
        update(GroupMember).where(GroupMember.user_id == user).values(user_id=None),
        delete(User).where(User.id == user),
    )


def by_hand(world: World, statement: str, *values: Any) -> None:
    """Write past the app, as somebody with a shell would."""
    assert world.database.path
    with closing(sqlite3.connect(world.database.path)) as file:
        file.execute("PRAGMA foreign_keys = ON")
        file.execute("PRAGMA ignore_check_constraints = ON")
        file.execute(statement, values)
        file.commit()


def _remake_account(world: World, user: UUID) -> None:
    email = world.one(User, user)["email"]
    remove_account(world, user)
    world.add_user(email, "Again")


def remove_order(world: World, order: UUID) -> None:
    parts = (delete(part).where(part.order_id == order) for part in (OrderPayer, OrderShare))
    world.do(*parts, delete(Order).where(Order.id == order))


def _remove_settlement(world: World, settlement: UUID) -> None:
    world.do(delete(Settlement).where(Settlement.id == settlement))


def _rekey_settlement(world: World, settlement: UUID) -> None:
    world.do(update(Settlement).where(Settlement.id == settlement).values(id=new_id()))


def _detach(world: World, member: UUID) -> None:
    world.do(update(GroupMember).where(GroupMember.id == member).values(user_id=None))


_DEEDS = (
    (remove_account, User),
    (_remake_account, User),
    (_remake_account, User),
    (remove_order, Order),
    (_remove_settlement, Settlement),
    (_rekey_settlement, Settlement),
    (_detach, GroupMember),
)
