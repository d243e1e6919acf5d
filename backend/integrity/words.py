"""Rules about what is written in a row: its e-mail key, its currency, its reply."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, Table, select

from backend.db.extension import Base
from backend.integrity.rule import ROWS_AT_ONCE, Rule, broken_rows
from backend.models import IdempotencyKey, User
from backend.services.currencies import MINOR_DIGITS
from backend.services.email_key import email_key
from backend.services.errors import InvalidInput


def rules() -> list[Rule]:
    """Return the rules of this file."""
    return [
        Rule("e-mail keys", "every account is found under its own address", _email_keys),
        *(_currency(table) for table in Base.metadata.sorted_tables if "currency" in table.c),
        Rule(
            "replies",
            "a request that was carried out has its reply",
            broken_rows(
                select(IdempotencyKey.user_id, IdempotencyKey.key)
                .where(IdempotencyKey.status_code.is_(None))
                .order_by(IdempotencyKey.user_id, IdempotencyKey.key),
                "idempotency key {key} of user {user_id}: no status code",
            ),
        ),
    ]


def _email_keys(connection: Connection) -> Iterator[str]:
    """Normalise every address anew: no SQL function does it alike on both engines."""
    query = select(User.id, User.email, User.email_key).order_by(User.id)
    for number, address, key in connection.execute(query).yield_per(ROWS_AT_ONCE):
        try:
            if email_key(address) == key:
                continue
            found = "the key is not that of the address"
        except InvalidInput as error:
            found = f"the address {error.args[0]}"
        # Without the address: what a check prints ends up in logs and tickets.
        yield f"user {number}: {found}"


def _currency(table: Table) -> Rule:
    identity = list(table.primary_key)
    words = " ".join(f"{column.name} {{{column.name}}}" for column in identity)
    return Rule(
        f"currencies of {table.name}",
        f"every currency in {table.name} is one that we can count in",
        broken_rows(
            select(*identity, table.c.currency)
            .where(table.c.currency.not_in(MINOR_DIGITS))
            .order_by(*identity),
            f"{table.name} {words}: {{currency}}",
        ),
    )
