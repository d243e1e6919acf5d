"""Orders: who paid, who owes, and that both add up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import selectinload

from backend.db.extension import db
from backend.db.ids import new_id
from backend.db.types import utc_now
from backend.models import Order, OrderPayer, OrderShare, SplitMode
from backend.services import members
from backend.services.days import plausible_day
from backend.services.errors import InvalidInput, NotFound
from backend.services.groups import Membership
from backend.services.money import parse_amount, parse_positive, plain
from backend.services.pagination import Key, Page, PageRequest, newest_first
from backend.services.splitting import split_equally
from backend.services.texts import clean_line, clean_note


@dataclass(frozen=True)
class Part:
    """A member and an amount as it came in."""

    member_id: UUID
    amount: str


@dataclass(frozen=True)
class NewOrder:
    """An order as somebody wishes to add it; amounts are decimal strings in `currency`.

    With `exact` the shares are as given; without, `among` share equally.
    """

    title: str
    currency: str
    total: str
    ordered_on: date
    payers: Sequence[Part]
    among: Sequence[UUID] = ()
    exact: Sequence[Part] = ()
    note: str = ""


def add(membership: Membership, wish: NewOrder) -> Order:
    """Add an order to the group, with its shares computed and frozen."""
    order_id = new_id()
    total = parse_positive(wish.total, wish.currency, field="total")
    paid = _exact(wish.payers, wish.currency, total, field="payers")
    owed = _shares(wish, total, order_id)
    members.require(membership, paid.keys(), field="payers")
    members.require(membership, owed.keys(), field="split")
    order = _unsaved(membership, wish, order_id, total)
    order.payers = [OrderPayer(member_id=who, amount=part) for who, part in paid.items() if part]
    order.shares = [OrderShare(member_id=who, amount=part) for who, part in owed.items()]
    db.session.add(order)
    db.session.flush()
    return order


def get(membership: Membership, order_id: UUID) -> Order:
    """Return one order of the group with its parts."""
    order = db.session.scalar(_of_group(membership).where(Order.id == order_id))
    if order is None:
        raise NotFound("there is no such order")
    return order


def page_of(membership: Membership, page: PageRequest) -> Page[Order]:
    """Return the orders of a group, the latest first."""
    keys = [Key(Order.ordered_on.expression, date.fromisoformat), Key(Order.id.expression, UUID)]
    return newest_first(_of_group(membership), keys, page)


def delete(membership: Membership, order_id: UUID) -> None:
    """Take an order out of the lists and the balances; its rows stay."""
    order = get(membership, order_id)
    now = utc_now()
    order.deleted_at = now
    for payer in order.payers:
        payer.deleted_at = now
    for share in order.shares:
        share.deleted_at = now
    db.session.flush()


def _unsaved(membership: Membership, wish: NewOrder, order_id: UUID, total: int) -> Order:
    return Order(
        id=order_id,
        group_id=membership.group.id,
        created_by=membership.member.id,
        title=clean_line(wish.title, field="title", at_most=120),
        currency=wish.currency,
        total=total,
        ordered_on=plausible_day(wish.ordered_on, field="ordered_on"),
        split_mode=SplitMode.EXACT if wish.exact else SplitMode.EQUAL,
        note=clean_note(wish.note, field="note", at_most=1000),
    )


def _of_group(membership: Membership) -> Select[Order]:
    return (
        select(Order)
        .where(Order.group_id == membership.group.id, Order.deleted_at.is_(None))
        .options(selectinload(Order.payers), selectinload(Order.shares))
    )


def _shares(wish: NewOrder, total: int, order_id: UUID) -> Mapping[UUID, int]:
    if wish.exact:
        return _exact(wish.exact, wish.currency, total, field="split")
    among = list(wish.among)
    if not among or len(set(among)) != len(among):
        raise InvalidInput("needs at least one member, each once", field="split")
    return split_equally(total, among, order_id=order_id)


def _exact(parts: Sequence[Part], currency: str, total: int, *, field: str) -> dict[UUID, int]:
    """Read amounts that must name each member once and add up to the total."""
    amounts = {
        part.member_id: parse_amount(part.amount, currency, field=f"{field}.{place}.amount")
        for place, part in enumerate(parts)
    }
    if len(amounts) != len(parts):
        raise InvalidInput("names a member twice", field=field)
    if sum(amounts.values()) != total:
        found, expected = plain(sum(amounts.values()), currency), plain(total, currency)
        raise InvalidInput(f"adds up to {found}, the total is {expected}", field=field)
    return amounts
