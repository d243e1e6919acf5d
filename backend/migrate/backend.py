"""What differs between the engines when their schema changes, as one protocol."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from backend.db.dialect import PoolOptions
from backend.migrate.errors import migration_errors
from backend.version import release

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from backend.config.database_url import DatabaseUrl
    from backend.migrate.inspection import SchemaInspection
    from backend.migrate.restore_point import RestorePoint


@dataclass(frozen=True)
class Timeouts:
    """How many seconds a run waits: for the database and the lock, and for one lock on a table."""

    wait: float = 60.0
    lock_timeout: float = 2.0


class Lock(Protocol):
    """The right to be the only migrator."""

    def check(self) -> None:
        """Check that it is still ours.

        Raises:
            DatabaseError: it is lost; somebody else may be migrating.
        """


class MigrationBackend(Protocol):
    """One database as the migration runner needs it."""

    render_as_batch: bool

    def inspect(self) -> SchemaInspection:
        """Read what the database holds without touching it, once it is there.

        Raises:
            RefusedError: it holds what is not ours.
            DatabaseError, ConfigError: it cannot be reached, or not with this login.
        """

    def locked(self) -> AbstractContextManager[Lock]:
        """Hold the lock of migrations inside the block.

        Raises:
            LockHeldError: another migrator still holds it after the time to wait; says who.
        """

    def reading(self) -> AbstractContextManager[Connection]:
        """Yield a connection that only reads, on a database that exists."""

    def writing(self) -> AbstractContextManager[Connection]:
        """Yield a connection for one revision, outside of any transaction."""

    def rolled_back(self) -> AbstractContextManager[Connection]:
        """Yield a connection whose changes leave nothing behind."""

    def check_revision(self, connection: Connection) -> None:
        """Check, just before a revision commits, that it leaves the data whole.

        Raises:
            DataError: it does not.
        """

    def create_restore_point(self, name: str) -> RestorePoint | None:
        """Name the present place in the WAL; None where there is none to go back to."""

    def blocking_process(self) -> str:
        """Describe who may hold the lock on a table that a revision waits for."""

    def holder(self) -> str:
        """Describe who is migrating right now; empty if nobody is."""

    def old_releases(self) -> tuple[str, ...]:
        """List the processes of other releases that are connected."""

    def broken_indexes(self) -> tuple[str, ...]:
        """List indexes that are there but unusable."""

    def close(self) -> None:
        """Close every connection."""


@contextmanager
def open_backend(database: DatabaseUrl, timeouts: Timeouts) -> Iterator[MigrationBackend]:
    """Yield the backend of the engine that `database` names; its driver's errors become ours."""
    backend = _backend_for(database, timeouts)
    try:
        with migration_errors():
            yield backend
    finally:
        backend.close()


def _backend_for(database: DatabaseUrl, timeouts: Timeouts) -> MigrationBackend:
    options = PoolOptions(size=2, application_name=f"migrate:{release()}")
    if database.engine == "postgres":
        from backend.migrate.backend_postgres import PostgresBackend

        return PostgresBackend(database, options, timeouts)
    from backend.migrate.backend_sqlite import SQLiteBackend

    return SQLiteBackend(database, options, timeouts)
