"""What differs between the engines when their schema changes, as one protocol."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from backend.db.dialect import PoolOptions
from backend.version import release

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from backend.config.database_url import DatabaseUrl
    from backend.migrate.survey import Survey


@dataclass(frozen=True)
class Patience:
    """How long a run waits: for the database and the lock, and for one lock on a table."""

    wait: float = 60.0
    lock_timeout: float = 2.0


class Lock(Protocol):
    """The right to be the only migrator."""

    def check(self) -> None:
        """See that it is still ours.

        Raises:
            DatabaseError: it is lost; somebody else may be migrating.
        """


class Ground(Protocol):
    """One database as the runner sees it."""

    render_as_batch: bool

    def survey(self) -> Survey:
        """Look at the database without touching it, once it is there.

        Raises:
            RefusedError: it holds what is not ours.
            DatabaseError, ConfigError: it cannot be reached, or not with this login.
        """

    def locked(self) -> AbstractContextManager[Lock]:
        """Be the only migrator inside the block.

        Raises:
            LockHeldError: another one still is after the time to wait; says who.
        """

    def reading(self) -> AbstractContextManager[Connection]:
        """Give a connection that only reads, on a database that exists."""

    def writing(self) -> AbstractContextManager[Connection]:
        """Give a connection for one revision, outside of any transaction."""

    def rehearsing(self) -> AbstractContextManager[Connection]:
        """Give a connection whose changes leave nothing behind."""

    def check_revision(self, connection: Connection) -> None:
        """See, just before a revision commits, that it leaves the data whole.

        Raises:
            DataError: it does not.
        """

    def is_worth_retrying(self, error: BaseException) -> bool:
        """Tell whether a revision only met a lock in its way."""

    def who_is_in_the_way(self) -> str:
        """Describe who may hold that lock."""

    def holder(self) -> str:
        """Describe who is migrating right now; empty if nobody is."""

    def old_releases(self) -> tuple[str, ...]:
        """List the processes of other releases that are connected."""

    def broken_indexes(self) -> tuple[str, ...]:
        """List indexes that are there but unusable."""

    def close(self) -> None:
        """Close every connection."""


def ground_for(database: DatabaseUrl, patience: Patience) -> Ground:
    """Return the ground of the engine that `database` names."""
    options = PoolOptions(size=2, application_name=f"migrate:{release()}")
    if database.engine == "postgres":
        from backend.migrate.postgres import PostgresGround

        return PostgresGround(database, options, patience)
    from backend.migrate.sqlite import SQLiteGround

    return SQLiteGround(database, options, patience)
