"""Balances: what each member is owed or owes, per currency, never added across currencies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, literal, select, union_all
from sqlalchemy.orm import InstrumentedAttribute

from backend.db.extension import db
from backend.models import GroupMember, OrderPayer, OrderShare, Settlement
from backend.services.groups import Membership

_KINDS = ("paid", "owed", "sent", "received")
# By currency, member and kind.
_Sums = dict[tuple[str, UUID, str], int]


@dataclass(frozen=True)
class MemberBalance:
    """One member's sums in one currency, in minor units."""

    member_id: UUID
    display_name: str
    currency: str
    paid: int
    owed: int
    sent: int
    received: int

    @property
    def balance(self) -> int:
        """What the others owe this member; below zero, what the member owes them."""
        return self.paid - self.owed + self.sent - self.received


@dataclass(frozen=True)
class CurrencyBalances:
    """The balances of all members in one currency; they add up to zero."""

    currency: str
    members: Sequence[MemberBalance]


def of_group(membership: Membership, everyone: Sequence[GroupMember]) -> list[CurrencyBalances]:
    """Return the balances of a group's members in every currency that it has used.

    A removed member among `everyone` has a row where money of theirs is counted: a sync or an
    older release can leave one, and without that row the others would not add up to zero.
    """
    sums = _sums(membership.group.id)
    currencies = sorted({currency for currency, _, _ in sums})
    return [
        CurrencyBalances(
            currency,
            [
                _balance(member, currency, sums)
                for member in everyone
                if member.deleted_at is None or _has_money(member, currency, sums)
            ],
        )
        for currency in currencies
    ]


def _has_money(member: GroupMember, currency: str, sums: _Sums) -> bool:
    return any((currency, member.id, kind) in sums for kind in _KINDS)


def _balance(member: GroupMember, currency: str, sums: _Sums) -> MemberBalance:
    paid, owed, sent, received = (sums.get((currency, member.id, kind), 0) for kind in _KINDS)
    return MemberBalance(member.id, member.display_name, currency, paid, owed, sent, received)


def _sums(group_id: UUID) -> _Sums:
    """Add up the group's rows: one query, four index scans, none of them outside the group."""
    query = union_all(
        _sum("paid", OrderPayer.member_id, OrderPayer, group_id),
        _sum("owed", OrderShare.member_id, OrderShare, group_id),
        _sum("sent", Settlement.from_member_id, Settlement, group_id),
        _sum("received", Settlement.to_member_id, Settlement, group_id),
    )
    rows = db.session.execute(query)
    # Postgres adds integers up to a numeric, SQLite to an integer.
    return {(currency, member, kind): int(total) for kind, currency, member, total in rows}


def _sum(
    kind: str,
    member: InstrumentedAttribute[UUID],
    table: type[OrderPayer | OrderShare | Settlement],
    group_id: UUID,
) -> Select[str, str, UUID, int]:
    label: ColumnElement[str] = literal(kind).label("kind")
    return (
        select(label, table.currency, member, func.sum(table.amount))
        .where(table.group_id == group_id, table.deleted_at.is_(None))
        .group_by(table.currency, member)
    )
