"""A migrator whose lock is lost, or could be, goes no further."""

import psycopg
import pytest

from backend.db.dialect import PoolOptions
from backend.db.locks import AdvisoryLock
from backend.errors import DatabaseError, RefusedError
from backend.migrate.backend import Timeouts
from backend.migrate.backend_postgres import PostgresBackend
from tests.integration.migrate.conftest import SHIPPED, continued
from tests.integration.migrate.structure import records

MOTTO = 'op.add_column("groups", sa.Column("motto", sa.Text))'
END_THE_HOLDER = (
    "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


def test_a_lock_whose_session_wanders_off_ends_the_run(postgres) -> None:
    with psycopg.connect(postgres.conninfo()) as connection:
        pid = connection.info.backend_pid

        with pytest.raises(RefusedError, match="pooler in transaction mode"):
            AdvisoryLock(connection, postgres, pid + 1).check()


def test_no_server_ends_the_session_that_holds_the_lock_for_being_idle(
    postgres, postgres_server
) -> None:
    postgres_server.execute(
        f"ALTER DATABASE {postgres.params['dbname']} SET idle_session_timeout = '10min'"
    )
    backend = PostgresBackend(postgres, PoolOptions(2, "test"), Timeouts(1))

    with backend.locked() as lock:
        timeout = lock._session.execute("SHOW idle_session_timeout").fetchone()
    backend.close()

    assert timeout == ("0",)


def test_a_lost_lock_ends_the_run(postgres, postgres_server) -> None:
    backend = PostgresBackend(postgres, PoolOptions(2, "test"), Timeouts(1))
    with backend.locked() as lock:
        postgres_server.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
        )

        with pytest.raises(DatabaseError, match="session that held the lock has ended"):
            lock.check()
    backend.close()


def test_nothing_more_is_applied_once_the_lock_is_lost(postgres, migrate, tmp_path) -> None:
    history = continued("postgres", tmp_path)
    migrate(postgres)
    history.add("expand", SHIPPED + 1, f'op.execute("""{END_THE_HOLDER}""")')
    history.add("expand", SHIPPED + 2, MOTTO)

    ran = migrate(postgres, "--dir", history.folder)

    assert ran.code == 69
    assert "the session that held the lock has ended" in ran.err
    assert records(postgres)[1] == [(1, SHIPPED + 1, 0)]
