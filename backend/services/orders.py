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
from backend.services.pagination import Page, PageRequest, SortKey, newest_first
from backend.services.split import split_equally
from backend.services.texts import clean_line, clean_note


@dataclass(frozen=True)
class MemberAmount:
    """A member and an amount, as a decimal string that has not been checked."""

    member_id: UUID
    amount: str


@dataclass(frozen=True)
class Split:
    """How an order is divided: equally among `members`, or exactly as in `shares`."""

    mode: SplitMode
    members: Sequence[UUID] = ()
    shares: Sequence[MemberAmount] = ()


@dataclass(frozen=True)
class NewOrder:
    """An order to be added; amounts are decimal strings in `currency`."""

    title: str
    currency: str
    total: str
    ordered_on: date
    payers: Sequence[MemberAmount]
    split: Split
    note: str = ""


def add(membership: Membership, new: NewOrder) -> Order:
    """Add an order to the group, with its shares computed and frozen."""
    order_id = new_id()
    total = parse_positive(new.total, new.currency, field="total")
    paid = _exact(new.payers, new.currency, total, field="payers")
    owed = _shares(new, total, order_id)
    members.require(membership, paid.keys(), field="payers")
    members.require(membership, owed.keys(), field="split")
    order = _unsaved(membership, new, order_id, total)
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
    keys = [
        SortKey(Order.ordered_on.expression, date.fromisoformat),
        SortKey(Order.id.expression, UUID),
    ]
    return newest_first(_of_group(membership), keys, page)


def delete(membership: Membership, order_id: UUID) -> None:
    """Mark an order as deleted: it leaves the lists and the balances; its rows stay."""
    order = get(membership, order_id)
    now = utc_now()
    order.deleted_at = now
    for payer in order.payers:
        payer.deleted_at = now
    for share in order.shares:
        share.deleted_at = now
    db.session.flush()


def _unsaved(membership: Membership, new: NewOrder, order_id: UUID, total: int) -> Order:
    return Order(
        id=order_id,
        group_id=membership.group.id,
        created_by=membership.member.id,
        title=clean_line(new.title, field="title", at_most=120),
        currency=new.currency,
        total=total,
        ordered_on=plausible_day(new.ordered_on, field="ordered_on"),
        split_mode=new.split.mode,
        note=clean_note(new.note, field="note", at_most=1000),
    )


def _of_group(membership: Membership) -> Select[Order]:
    return (
        select(Order)
        .where(Order.group_id == membership.group.id, Order.deleted_at.is_(None))
        .options(selectinload(Order.payers), selectinload(Order.shares))
    )


def _shares(new: NewOrder, total: int, order_id: UUID) -> Mapping[UUID, int]:
    split = new.split
    if split.mode is SplitMode.EXACT and split.shares:
        return _exact(split.shares, new.currency, total, field="split")
    among = split.members if split.mode is SplitMode.EQUAL else ()
    if not among or len(set(among)) != len(among):
        raise InvalidInput("needs at least one member, each once", field="split")
    return split_equally(total, among, order_id=order_id)


def _exact(
    parts: Sequence[MemberAmount], currency: str, total: int, *, field: str
) -> dict[UUID, int]:
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
