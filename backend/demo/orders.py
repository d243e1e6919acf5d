"""Invented orders: split by the app's own rules, so that payers and shares add up."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

from backend.demo import vocabulary
from backend.demo.config import SPAN, DemoConfig
from backend.demo.rows import DemoGroup, DemoRow, synced
from backend.models import Order, OrderPayer, OrderShare, SplitMode
from backend.models.checks import MAX_AMOUNT
from backend.services.split import split_by_weight, split_equally


def invent_order(config: DemoConfig, group: DemoGroup, place: int) -> Iterator[DemoRow]:
    """Yield the rows of one order: the order, its payers, its shares."""
    chance = config.chance(f"order:{group.number}", place)
    moment = group.founded + SPAN / 2 * chance.random()
    order_id = config.identity(f"order:{group.number}", place, moment)
    total = _total(chance)
    equal = chance.random() < 0.7
    history = synced(moment, deleted=chance.random() < 0.03, version=1 + (place % 20 == 7))
    one = {
        "group_id": group.id,
        "currency": group.some_currency(chance),
        **history,
    }
    yield (
        Order,
        one
        | {
            "id": order_id,
            "created_by": chance.choice(group.members),
            "title": chance.choice(vocabulary.ORDERS),
            "total": total,
            "ordered_on": moment.date(),
            "split_mode": SplitMode.EQUAL if equal else SplitMode.EXACT,
            "note": chance.choice(vocabulary.NOTES),
        },
    )
    part = one | {"order_id": order_id}
    for member, amount in _payers(chance, group.members, total, order_id).items():
        yield OrderPayer, part | {"member_id": member, "amount": amount}
    some = _some(chance, group.members)
    shares = split_equally if equal else _exact
    for member, amount in shares(total, some, order_id=order_id).items():
        yield OrderShare, part | {"member_id": member, "amount": amount}


def _total(chance: random.Random) -> int:
    """Invent an amount: mostly a meal, sometimes one coin, rarely all that one order may be."""
    dice = chance.random()
    if dice < 0.01:
        return chance.randint(1, 3)
    return MAX_AMOUNT if dice > 0.9995 else chance.randint(100, 500_000)


def _some(chance: random.Random, members: Sequence[UUID]) -> Sequence[UUID]:
    """Choose who was there: mostly everybody."""
    if chance.random() < 0.7:
        return members
    return chance.sample(members, chance.randint(1, len(members)))


def _payers(
    chance: random.Random, members: Sequence[UUID], total: int, order_id: UUID
) -> Mapping[UUID, int]:
    """Let one member pay, or sometimes two; who puts nothing on the table is no payer."""
    payers = chance.sample(members, min(len(members), 2 if chance.random() < 0.15 else 1))
    paid = split_by_weight(total, dict(zip(payers, (3, 1), strict=False)), order_id=order_id)
    return {who: amount for who, amount in paid.items() if amount}


def _exact(total: int, members: Sequence[UUID], *, order_id: UUID) -> Mapping[UUID, int]:
    """Divide as people do who ate different things; the last of many had nothing."""
    weights = {who: 1 + (order_id.int >> place) % 9 for place, who in enumerate(members)}
    if len(members) > 3:
        weights[members[-1]] = 0
    return split_by_weight(total, weights, order_id=order_id)
