"""One group after another: its members, its orders, and who paid whom back."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from backend.demo import words
from backend.demo.orders import order
from backend.demo.people import person_name, user_id
from backend.demo.rows import Row, synced
from backend.demo.wish import SPAN, Wish
from backend.models import Group, GroupMember, Settlement
from backend.models.checks import MAX_AMOUNT

_ORDERS_PER_SETTLEMENT = 8


@dataclass(frozen=True)
class Circle:
    """A group and those of its members who take part in orders."""

    number: int
    id: UUID
    members: Sequence[UUID]
    currency: str
    founded: datetime


def group(wish: Wish, number: int) -> Iterator[Row]:
    """Make one group with everything in it."""
    chance, founded = wish.chance("group", number), wish.moment(number, wish.groups) - SPAN / 2
    circle = Circle(
        number,
        wish.identity("group", number, founded),
        [wish.identity(f"member:{number}", place, founded) for place in range(_size(number))],
        chance.choice(words.CURRENCIES),
        founded,
    )
    values = {
        "id": circle.id,
        "name": chance.choice(words.GROUPS),
        "currency": circle.currency,
        **synced(founded, deleted=number % 40 == 39, version=1 + number % 3),
    }
    yield Group, values
    yield from _members(wish, circle, chance)
    orders = wish.orders_of_group(number)
    for place in range(orders):
        yield from order(wish, circle, place)
        if place % _ORDERS_PER_SETTLEMENT == 0 and len(circle.members) > 1:
            yield _settlement(wish, circle, place, chance)


def _size(number: int) -> int:
    """Return how many take part: mostly a flat or a table, sometimes one alone or a wedding."""
    return 1 if number % 30 == 29 else 25 if number % 100 == 50 else 2 + number % 5


def _members(wish: Wish, circle: Circle, chance: random.Random) -> Iterator[Row]:
    accounts = chance.sample(range(wish.users), min(wish.users, len(circle.members)))
    for place, member in enumerate(circle.members):
        # Somebody founded the group; of the others every third was added by name alone.
        has_account = place < len(accounts) and place % 3 != 2
        yield (
            GroupMember,
            {
                "id": member,
                "group_id": circle.id,
                "user_id": user_id(wish, accounts[place]) if has_account else None,
                "display_name": person_name(chance),
                **synced(circle.founded),
            },
        )
    if circle.number % 6 == 0:
        yield _who_left(wish, circle, chance)


def _who_left(wish: Wish, circle: Circle, chance: random.Random) -> Row:
    """Make a member who was there before the first order and has no part in any."""
    return GroupMember, {
        "id": wish.identity("left", circle.number, circle.founded),
        "group_id": circle.id,
        "user_id": None,
        "display_name": person_name(chance),
        **synced(circle.founded, deleted=True),
    }


def _settlement(wish: Wish, circle: Circle, place: int, chance: random.Random) -> Row:
    giver, taker = chance.sample(circle.members, 2)
    moment = circle.founded + SPAN / 2 * chance.random()
    return Settlement, {
        "id": wish.identity(f"settlement:{circle.number}", place, moment),
        "group_id": circle.id,
        "created_by": giver,
        "from_member_id": giver,
        "to_member_id": taker,
        "currency": circle.currency if chance.random() < 0.9 else chance.choice(words.CURRENCIES),
        "amount": MAX_AMOUNT if chance.random() < 0.001 else chance.randint(1, 250_000),
        "paid_on": moment.date(),
        "note": chance.choice(words.SETTLED),
        **synced(moment, deleted=chance.random() < 0.05),
    }
