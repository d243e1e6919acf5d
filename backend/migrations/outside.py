"""For what Postgres refuses inside a transaction: building an index while people write."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from alembic import op
from sqlalchemy import text

_NO_LIMITS = "SET lock_timeout = 0", "SET statement_timeout = 0"
_VALID = text("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(quote_ident(:name))")


class OutsideTransactionError(Exception):
    """A dry run has come to something that cannot be rolled back."""


@contextmanager
def outside_transaction() -> Iterator[None]:
    """Leave the revision's transaction for one statement.

    What came before in the revision is committed by that: such a revision does nothing else, and
    nothing that cannot be repeated. The lock timeout is off, because it also counts while a
    concurrent build waits for old transactions, and would leave half an index behind.
    """
    context = op.get_context()
    if context.opts.get("is_dry_run"):
        raise OutsideTransactionError
    with context.autocommit_block():
        for statement in _NO_LIMITS:
            op.execute(statement)
        yield


def create_index_concurrently(name: str, table: str, columns: list[str]) -> None:
    """Build an index without stopping writes; begin again where a killed run left half of one."""
    with outside_transaction():
        if not op.get_context().as_sql:
            valid = op.get_bind().execute(_VALID, {"name": name}).scalar()
            if valid:
                return
            if valid is False:
                op.drop_index(name, postgresql_concurrently=True)
        op.create_index(name, table, columns, postgresql_concurrently=True, if_not_exists=True)
