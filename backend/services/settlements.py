"""Settlements: money that changed hands between two members."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import Select, select

from backend.db.extension import db
from backend.db.types import utc_now
from backend.models import Settlement
from backend.services import members
from backend.services.days import plausible_day
from backend.services.errors import InvalidInput, NotFound
from backend.services.groups import Membership
from backend.services.money import parse_positive
from backend.services.pagination import Page, PageRequest, SortKey, newest_first
from backend.services.texts import clean_note


@dataclass(frozen=True)
class NewSettlement:
    """A payment to be recorded; the amount is a decimal string in `currency`."""

    from_member_id: UUID
    to_member_id: UUID
    currency: str
    amount: str
    paid_on: date
    note: str = ""


def add(membership: Membership, new: NewSettlement) -> Settlement:
    """Record a payment between two members of the group."""
    if new.from_member_id == new.to_member_id:
        raise InvalidInput("must be somebody else than who paid", field="to_member_id")
    amount = parse_positive(new.amount, new.currency, field="amount")
    members.require(membership, [new.from_member_id], field="from_member_id")
    members.require(membership, [new.to_member_id], field="to_member_id")
    settlement = Settlement(
        group_id=membership.group.id,
        created_by=membership.member.id,
        from_member_id=new.from_member_id,
        to_member_id=new.to_member_id,
        currency=new.currency,
        amount=amount,
        paid_on=plausible_day(new.paid_on, field="paid_on"),
        note=clean_note(new.note, field="note", at_most=1000),
    )
    db.session.add(settlement)
    db.session.flush()
    return settlement


def page_of(membership: Membership, page: PageRequest) -> Page[Settlement]:
    """Return the settlements of a group, the latest first."""
    keys = [
        SortKey(Settlement.paid_on.expression, date.fromisoformat),
        SortKey(Settlement.id.expression, UUID),
    ]
    return newest_first(_of_group(membership), keys, page)


def delete(membership: Membership, settlement_id: UUID) -> None:
    """Take back a settlement that was recorded by mistake."""
    settlement = db.session.scalar(_of_group(membership).where(Settlement.id == settlement_id))
    if settlement is None:
        raise NotFound("there is no such settlement")
    settlement.deleted_at = utc_now()
    db.session.flush()


def _of_group(membership: Membership) -> Select[Settlement]:
    return select(Settlement).where(
        Settlement.group_id == membership.group.id, Settlement.deleted_at.is_(None)
    )
