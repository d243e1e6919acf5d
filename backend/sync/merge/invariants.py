"""Check the app's invariants on what a sync has written and not yet committed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.pool import NullPool

from backend.config.database_url import EngineName
from backend.errors import DataError, FoundWanting
from backend.invariants.checks import Scope, check_rows
from backend.models import Group, User
from backend.sync.replica.replica import Replica
from backend.values.conversion import Value

_URLS: Mapping[EngineName, str] = {"sqlite": "sqlite://", "postgres": "postgresql+psycopg://"}
# The connection of the replica whose rows are being checked.
_lent: ContextVar[Any] = ContextVar("lent")  # of either driver


def broken_invariants(
    replica: Replica, scopes: Mapping[str, frozenset[Value]]
) -> Mapping[Value, str]:
    """Return the groups and accounts in which an invariant is broken, and which one.

    All are checked together, and one by one only if something was found.
    """
    groups = _ids(scopes.get(Group.__tablename__))
    users = _ids(scopes.get(User.__tablename__))
    with _borrowed(replica) as connection:
        if not _broken(connection, Scope(groups, users)):
            return {}
        each = [*((one, Scope(groups=frozenset({one}))) for one in sorted(groups))]
        each += [(one, Scope(users=frozenset({one}))) for one in sorted(users)]
        return {one: why for one, scope in each if (why := _broken(connection, scope))}


def _broken(connection: Connection, scope: Scope) -> str:
    """Say which invariants are broken, or cannot be checked on what a SQLite file holds."""
    try:
        found = check_rows(connection, scope=scope)
    except DataError as error:
        return str(error.args[0])
    return "; ".join(violation.says for violation in found.violations)


def refuse_broken(replica: Replica) -> None:
    """Check that all invariants hold for everything that is there.

    Raises:
        FoundWanting: names the rules and some rows.
    """
    with _borrowed(replica) as connection:
        found = check_rows(connection)
    if not found.is_clean:
        raise FoundWanting(
            f"what would be copied to {replica.where} breaks rules; nothing was kept: "
            + "; ".join(line.strip() for line in found.lines()),
            hint="python -m backend check, on the side it comes from, shows it too: mend it there",
        )


def _ids(values: frozenset[Value] | None) -> frozenset[str]:
    return frozenset(str(value) for value in values or () if value is not None)


class _Borrowed:
    """A driver's connection that SQLAlchemy can neither commit, roll back nor close."""

    def __init__(self, connection: Any) -> None:  # of either driver
        self._connection = connection

    def __getattr__(self, name: str) -> Any:  # whatever the driver has
        return getattr(self._connection, name)

    def commit(self) -> None:
        """Leave that to the owner."""

    def rollback(self) -> None:
        """Leave that to the owner."""

    def close(self) -> None:
        """Leave that to the owner."""


@contextmanager
def _borrowed(replica: Replica) -> Iterator[Connection]:
    """Return a connection of SQLAlchemy inside our open transaction."""
    token = _lent.set(replica.connection)
    try:
        with _engine(replica.engine).connect() as connection:
            yield connection
    finally:
        _lent.reset(token)


@cache
def _engine(name: EngineName) -> Engine:
    """Return the one engine of this process, which keeps the statements that it has compiled."""
    return create_engine(
        _URLS[name],
        creator=lambda: _Borrowed(_lent.get()),
        poolclass=NullPool,
        pool_reset_on_return=None,
        **({"use_native_hstore": False} if name == "postgres" else {}),
    )
