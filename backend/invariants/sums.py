"""Invariants about money: orders add up, balances cancel out."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Executable,
    Select,
    Subquery,
    and_,
    func,
    select,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute

from backend.invariants.invariant import IdFilter, Invariant, broken_rows
from backend.models import GroupMember, Order, OrderPayer, OrderShare, Settlement, SplitMode

PartModel = type[OrderPayer] | type[OrderShare]


def invariants() -> list[Invariant]:
    """Return the invariants of this file."""
    return [
        Invariant(
            "payers add up",
            "what was paid for an order is its total",
            broken_rows(
                partial(_not_adding_up, OrderPayer), "order {id}: paid {added}, total {total}"
            ),
        ),
        Invariant(
            "shares add up",
            "what is owed for an order is its total",
            broken_rows(
                partial(_not_adding_up, OrderShare), "order {id}: owed {added}, total {total}"
            ),
        ),
        Invariant(
            "equal shares",
            "shares of an order that was split equally differ by one unit at most",
            broken_rows(_unequal, "order {order_id}: shares from {least} to {most}"),
        ),
        Invariant(
            "deleted orders",
            "nobody has paid or owes anything for an order that was deleted",
            broken_rows(_alive_in_deleted, "order {order_id}: a part of member {member_id}"),
        ),
        Invariant(
            "balances",
            "the balances of a group's members in one currency add up to zero",
            broken_rows(_balances, "group {group_id}: {currency} is off by {added}"),
        ),
    ]


def _not_adding_up(part: PartModel, within: IdFilter) -> Executable:
    parts = (
        select(part.order_id, func.sum(part.amount).label("added"))
        .where(part.deleted_at.is_(None), *within.among(part.group_id))
        .group_by(part.order_id)
        .subquery()
    )
    added = func.coalesce(parts.c.added, 0)
    return (
        select(Order.id, Order.total, added.label("added"))
        .outerjoin(parts, parts.c.order_id == Order.id)
        .where(Order.deleted_at.is_(None), added != Order.total, *within.among(Order.group_id))
        .order_by(Order.id)
    )


def _unequal(within: IdFilter) -> Executable:
    least, most = func.min(OrderShare.amount), func.max(OrderShare.amount)
    return (
        select(OrderShare.order_id, least.label("least"), most.label("most"))
        .join(Order, Order.id == OrderShare.order_id)
        .where(
            Order.split_mode == SplitMode.EQUAL,
            OrderShare.deleted_at.is_(None),
            *within.among(OrderShare.group_id),
        )
        .group_by(OrderShare.order_id)
        .having(most - least > 1)
        .order_by(OrderShare.order_id)
    )


def _alive_in_deleted(within: IdFilter) -> Executable:
    parts = union_all(
        *(
            select(part.order_id, part.member_id)
            .join(Order, Order.id == part.order_id)
            .where(
                Order.deleted_at.is_not(None),
                part.deleted_at.is_(None),
                *within.among(part.group_id),
            )
            for part in (OrderPayer, OrderShare)
        )
    ).subquery()
    return select(parts).order_by(parts.c.order_id, parts.c.member_id)


def _balances(within: IdFilter) -> Executable:
    """Add up the balances of the members who are there, for every group and currency at once."""
    rows = _signed_amounts(within)
    added = func.sum(rows.c.amount)
    return (
        select(rows.c.group_id, rows.c.currency, added.label("added"))
        # Whoever is removed must be even: otherwise the others owe somebody who is not there.
        .join(GroupMember, and_(GroupMember.id == rows.c.member_id, _shown()))
        .group_by(rows.c.group_id, rows.c.currency)
        .having(added != 0)
        .order_by(rows.c.group_id, rows.c.currency)
    )


def _signed_amounts(within: IdFilter) -> Subquery:
    """Return every live amount: above zero what a member gave, below zero what it got."""
    return union_all(
        _amounts(within, OrderPayer, OrderPayer.member_id, OrderPayer.amount),
        _amounts(within, OrderShare, OrderShare.member_id, -OrderShare.amount),
        _amounts(within, Settlement, Settlement.from_member_id, Settlement.amount),
        _amounts(within, Settlement, Settlement.to_member_id, -Settlement.amount),
    ).subquery()


def _amounts(
    within: IdFilter,
    table: PartModel | type[Settlement],
    member: InstrumentedAttribute[UUID],
    amount: ColumnElement[int] | InstrumentedAttribute[int],
) -> Select[UUID, str, UUID, int]:
    columns = (table.group_id, table.currency, member.label("member_id"), amount.label("amount"))
    return select(*columns).where(table.deleted_at.is_(None), *within.among(table.group_id))


def _shown() -> ColumnElement[bool]:
    return GroupMember.deleted_at.is_(None)
