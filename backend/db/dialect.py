"""What differs between the engines, as one protocol with two implementations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Engine

    from backend.config.database_url import DatabaseUrl

# Execution option of a connection whose transaction is going to write.
WRITES = "hesap_paylas_writes"


@dataclass(frozen=True)
class PoolOptions:
    """How many connections one process may hold, and how the server shall call them."""

    size: int = 1
    application_name: str = "hesap-paylas"


class Dialect(Protocol):
    """One database as the app sees it: pooled for requests, and by itself for probes."""

    def create_engine(self) -> Engine:
        """Return a new engine; it connects on first use."""

    def fetch_row(self, sql: str, *, seconds: float) -> Mapping[str, str | None]:
        """Run one query on a short connection of its own; return its first row as text.

        Raises:
            TransientError: no answer within `seconds`.
            DatabaseError: an answer, but an error.
        """

    def abandon(self) -> None:
        """Cut every connection of this process, so that whoever waits on one fails at once."""


def dialect_for(database: DatabaseUrl, options: PoolOptions = PoolOptions()) -> Dialect:
    """Return the dialect of the engine that `database` names."""
    if database.engine == "postgres":
        from backend.db.postgres import Postgres

        return Postgres(database, options)
    from backend.db.sqlite import SQLite

    return SQLite(database, options)
