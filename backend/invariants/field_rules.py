"""Invariants about what is written in a row: its e-mail key, its currency, its reply."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from sqlalchemy import ColumnElement, Connection, Executable, Table, select

from backend.db.base import Base
from backend.invariants.invariant import ROWS_AT_ONCE, IdFilter, Invariant, Subject, broken_rows
from backend.models import IdempotencyKey, Order, Settlement, User
from backend.services.currencies import MINOR_DIGITS
from backend.services.email_key import email_key
from backend.services.errors import InvalidInput


def invariants() -> list[Invariant]:
    """Return the invariants of this file."""
    return [
        Invariant(
            "e-mail keys",
            "every account is found under its own address",
            _email_keys,
            Subject.USERS,
        ),
        *(_currency(table) for table in Base.metadata.sorted_tables if "currency" in table.c),
        Invariant(
            "replies",
            "a request that was carried out has its reply",
            broken_rows(_without_reply, "idempotency key {key} of user {user_id}: no status code"),
            Subject.USERS,
        ),
    ]


def _without_reply(within: IdFilter) -> Executable:
    columns = (IdempotencyKey.user_id, IdempotencyKey.key)
    return (
        select(*columns)
        .where(IdempotencyKey.status_code.is_(None), *within.among(IdempotencyKey.user_id))
        .order_by(*columns)
    )


def _email_keys(connection: Connection, within: IdFilter) -> Iterator[str]:
    """Normalise every address anew: no SQL function does it alike on both engines."""
    columns = (User.id, User.email, User.email_key)
    query = select(*columns).where(*within.among(User.id)).order_by(User.id)
    for number, address, key in connection.execute(query).yield_per(ROWS_AT_ONCE):
        try:
            if email_key(address) == key:
                continue
            found = "the key is not that of the address"
        except InvalidInput as error:
            found = f"the address {error.args[0]}"
        # Without the address: what a check prints ends up in logs and tickets.
        yield f"user {number}: {found}"


def _currency(table: Table) -> Invariant:
    words = " ".join(f"{column.name} {{{column.name}}}" for column in table.primary_key)
    return Invariant(
        f"currencies of {table.name}",
        f"every currency in {table.name} is one that we can count in",
        broken_rows(partial(_uncountable, table), f"{table.name} {words}: {{currency}}"),
    )


def _uncountable(table: Table, within: IdFilter) -> Executable:
    identity = list(table.primary_key)
    return (
        select(*identity, table.c.currency)
        .where(table.c.currency.not_in(MINOR_DIGITS), *_of_groups(table, within))
        .order_by(*identity)
    )


def _of_groups(table: Table, within: IdFilter) -> tuple[ColumnElement[bool], ...]:
    """Return what leads to the rows of some groups by an index."""
    if within.ids is None:
        return ()
    if "order_id" in table.c:
        orders = select(Order.id).where(*within.among(Order.group_id))
        return (table.c.order_id.in_(orders),)
    if table is Settlement.__table__:
        # No index leads to deleted ones by their group, and they count nowhere.
        return (*within.among(table.c.group_id), table.c.deleted_at.is_(None))
    return within.among(table.c["group_id" if "group_id" in table.c else "id"])
