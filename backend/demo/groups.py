"""Invented groups, each with members, orders and settlements."""

from __future__ import annotations

import random
from collections.abc import Iterator

from backend.demo import vocabulary
from backend.demo.config import SPAN, DemoConfig
from backend.demo.orders import invent_order
from backend.demo.people import person_name, user_id
from backend.demo.rows import DemoGroup, DemoRow, synced
from backend.models import Group, GroupMember, Settlement
from backend.models.checks import MAX_AMOUNT

_ORDERS_PER_SETTLEMENT = 8


def invent_group(config: DemoConfig, number: int) -> Iterator[DemoRow]:
    """Yield the rows of one group and of everything in it."""
    chance = config.chance("group", number)
    founded = config.moment(number, config.groups) - SPAN / 2
    group = DemoGroup(
        number,
        config.identity("group", number, founded),
        [config.identity(f"member:{number}", place, founded) for place in range(_size(number))],
        chance.choice(vocabulary.CURRENCIES),
        founded,
    )
    values = {
        "id": group.id,
        "name": chance.choice(vocabulary.GROUPS),
        "currency": group.currency,
        **synced(founded, deleted=number % 40 == 39, version=1 + number % 3),
    }
    yield Group, values
    yield from _members(config, group, chance)
    orders = config.orders_of_group(number)
    for place in range(orders):
        yield from invent_order(config, group, place)
        if place % _ORDERS_PER_SETTLEMENT == 0 and len(group.members) > 1:
            yield _settlement(config, group, place, chance)


def _size(number: int) -> int:
    """Return the number of members: mostly a few, sometimes one or many."""
    return 1 if number % 30 == 29 else 25 if number % 100 == 50 else 2 + number % 5


def _members(config: DemoConfig, group: DemoGroup, chance: random.Random) -> Iterator[DemoRow]:
    accounts = chance.sample(range(config.users), min(config.users, len(group.members)))
    for place, member in enumerate(group.members):
        # Somebody founded the group; of the others every third was added by name alone.
        has_account = place < len(accounts) and place % 3 != 2
        yield (
            GroupMember,
            {
                "id": member,
                "group_id": group.id,
                "user_id": user_id(config, accounts[place]) if has_account else None,
                "display_name": person_name(chance),
                **synced(group.founded),
            },
        )
    if group.number % 6 == 0:
        yield _removed_member(config, group, chance)


def _removed_member(config: DemoConfig, group: DemoGroup, chance: random.Random) -> DemoRow:
    """Invent a removed member who has no part in any order."""
    return GroupMember, {
        "id": config.identity("left", group.number, group.founded),
        "group_id": group.id,
        "user_id": None,
        "display_name": person_name(chance),
        **synced(group.founded, deleted=True),
    }


def _settlement(config: DemoConfig, group: DemoGroup, place: int, chance: random.Random) -> DemoRow:
    giver, taker = chance.sample(group.members, 2)
    moment = group.founded + SPAN / 2 * chance.random()
    return Settlement, {
        "id": config.identity(f"settlement:{group.number}", place, moment),
        "group_id": group.id,
        "created_by": giver,
        "from_member_id": giver,
        "to_member_id": taker,
        "currency": group.some_currency(chance),
        "amount": MAX_AMOUNT if chance.random() < 0.001 else chance.randint(1, 250_000),
        "paid_on": moment.date(),
        "note": chance.choice(vocabulary.SETTLED),
        **synced(moment, deleted=chance.random() < 0.05),
    }
