"""Postgres as the migration runner needs it: a lock, timeouts, and who else is connected."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import Connection, bindparam, text

from backend.db.connect import ConnectParams, connect, connect_directly
from backend.db.dialect import PoolOptions, dialect_for
from backend.db.locks import MIGRATE, AdvisoryLock, advisory_lock, advisory_lock_holder
from backend.db.login_errors import LoginRefusedError, given_up
from backend.db.postgres import CONNECT_SECONDS
from backend.errors import ConfigError, DatabaseError
from backend.migrate.inspection import SchemaInspection, inspect_schema, refuse_what_is_not_ours
from backend.migrate.restore_point import RestorePoint
from backend.version import release

if TYPE_CHECKING:
    from backend.config.database_url import DatabaseUrl
    from backend.migrate.backend import Timeouts

log = logging.getLogger(__name__)

_POLL_SECONDS = 0.2
# A dry run on a database in use waits this long for a lock, and everybody else behind it.
_DRY_RUN_LOCK_SECONDS = 0.2
_STATEMENT_SECONDS = 15 * 60

_OLD_RELEASES = text(
    "SELECT application_name, count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND application_name LIKE 'app:%'"
    " GROUP BY application_name ORDER BY application_name"
)
_OLDEST_TRANSACTION = text(
    "SELECT pid, application_name, round(extract(epoch FROM clock_timestamp() - xact_start)) AS age"
    " FROM pg_stat_activity"
    " WHERE datname = current_database() AND xact_start IS NOT NULL AND pid <> pg_backend_pid()"
    " ORDER BY xact_start LIMIT 1"
)
_MAY_MAKE_POINTS = text(
    "SELECT current_setting('archive_mode') <> 'off',"
    " has_function_privilege('pg_create_restore_point(text)', 'EXECUTE')"
    " AND has_function_privilege('pg_control_system()', 'EXECUTE')"
)
# The name of a segment of WAL begins with its timeline.
_MAKE_POINT = text(
    "SELECT lsn::text, left(pg_walfile_name(lsn), 8), system_identifier::text"
    " FROM pg_create_restore_point(:name) AS lsn, pg_control_system()"
)
_BROKEN_INDEXES = text(
    "SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
    " WHERE NOT i.indisvalid AND c.relnamespace = to_regnamespace(current_schema()) ORDER BY 1"
)
_SETTINGS = text(
    "SELECT set_config('lock_timeout', :lock, false), set_config('statement_timeout', :all, false)"
).bindparams(bindparam("lock"), bindparam("all"))


class PostgresBackend:
    """A database on a Postgres server."""

    render_as_batch = False

    def __init__(self, database: DatabaseUrl, options: PoolOptions, timeouts: Timeouts) -> None:
        self._database = database
        self._timeouts = timeouts
        self._params: ConnectParams = {
            "connect_timeout": CONNECT_SECONDS,
            "application_name": options.application_name,
        }
        self._is_there = False
        self._engine = dialect_for(database, options).create_engine()

    def inspect(self) -> SchemaInspection:
        """Read the tables of our schema, as soon as the server lets us in."""
        self._wait_until_there()
        with self.reading() as connection:
            found = inspect_schema(connection)
        refuse_what_is_not_ours(found, name=str(self._database), move_aside=_elsewhere)
        return found

    @contextmanager
    def locked(self) -> Iterator[AdvisoryLock]:
        """Hold the lock of migrations, on a session that does nothing else."""
        with (
            closing(connect(self._database, self._params)) as session,
            advisory_lock(session, self._database, MIGRATE, wait=self._timeouts.wait) as lock,
        ):
            yield lock

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Connect for reading, in one snapshot: another migrator may commit at any moment."""
        with self._engine.connect() as connection:
            connection.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Connect with the timeouts of a migration.

        They are set only here, after the advisory lock is ours: they are for locks on tables.
        """
        with self._engine.connect() as connection:
            _limit(connection, self._timeouts.lock_timeout)
            connection.commit()
            yield connection

    @contextmanager
    def rolled_back(self) -> Iterator[Connection]:
        """Connect inside a transaction that is always rolled back."""
        with self._engine.connect() as connection, connection.begin() as transaction:
            _limit(connection, min(_DRY_RUN_LOCK_SECONDS, self._timeouts.lock_timeout))
            try:
                yield connection
            finally:
                transaction.rollback()

    def check_revision(self, connection: Connection) -> None:
        """Return: Postgres checks every row itself."""

    def create_restore_point(self, name: str) -> RestorePoint | None:
        """Name the present place in the WAL, if it is archived and the login may do so."""
        with self.writing() as connection:
            archives, may = connection.execute(_MAY_MAKE_POINTS).one()
            if not (archives and may):
                reason = "this login may not make one" if archives else "nothing is archived"
                log.warning("restore point skipped reason=%s", reason)
                return None
            lsn, timeline, cluster = connection.execute(_MAKE_POINT, {"name": name}).one()
        return RestorePoint(name, lsn, int(timeline, 16), cluster)

    def blocking_process(self) -> str:
        """Name the oldest open transaction."""
        with self.reading() as connection:
            row = connection.execute(_OLDEST_TRANSACTION).one_or_none()
        if row is None:
            return "a transaction that has ended by now"
        name = row.application_name or "unnamed"
        return f"process {row.pid} ({name}), whose transaction is open for {row.age} s"

    def holder(self) -> str:
        """Name the session that holds the lock of migrations."""
        with closing(connect(self._database, self._params)) as session:
            return advisory_lock_holder(session, MIGRATE)

    def old_releases(self) -> tuple[str, ...]:
        """List what calls itself `app:<color>:<release>` and is not this release."""
        with self.reading() as connection:
            rows = connection.execute(_OLD_RELEASES).all()
        return tuple(
            f"{name} (connections: {number})"
            for name, number in rows
            if name.split(":")[2:3] != [release()]
        )

    def broken_indexes(self) -> tuple[str, ...]:
        """List indexes that a killed CREATE INDEX CONCURRENTLY left behind."""
        with self.reading() as connection:
            return tuple(connection.execute(_BROKEN_INDEXES).scalars())

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    def _wait_until_there(self) -> None:
        """Log in again and again until the server accepts: it may be at its first start.

        Nothing is set and no lock is taken before it is known that a session stays ours.
        """
        until = time.monotonic() + self._timeouts.wait
        while not self._is_there:
            try:
                connect_directly(self._database, self._params).close()
                self._is_there = True
            except LoginRefusedError as error:
                # Trying again does not make a password right.
                raise ConfigError(error.args[0], hint=error.hint) from None
            except DatabaseError as error:
                if time.monotonic() >= until:
                    raise given_up(error) from None
                time.sleep(_POLL_SECONDS)


def _limit(connection: Connection, lock_seconds: float) -> None:
    values = {"lock": f"{int(lock_seconds * 1000)}ms", "all": f"{_STATEMENT_SECONDS}s"}
    connection.execute(_SETTINGS, values)


def _elsewhere() -> str:
    return "Use an empty database for this app: CREATE DATABASE hesap_paylas"
