"""Two locks: one keeps migrators apart, the others belong to people who read and write."""

import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from filelock import FileLock

from tests.integration.migrate.conftest import SHIPPED, step, url_of
from tests.integration.migrate.structure import execute, records
from tests.polling import PATIENCE, wait_for

ROOT = Path(__file__).resolve().parents[3]
MOTTO = 'op.add_column("groups", sa.Column("motto", sa.Text))'
INDEX = 'create_index_concurrently("ix_groups_name", "groups", ["name"])'
TAKE_LOCK = b"SELECT pg_advisory_lock(1752198503, 1)"
VALID = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('ix_groups_name')"


@pytest.fixture
def begin():
    """Start a migrator in a process of its own."""
    started: list[subprocess.Popen[str]] = []

    def start(database, *words: str | Path) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "backend/db_migrate.py", *words],
            cwd=ROOT,
            env={**os.environ, "MIGRATE_DATABASE_URL": url_of(database)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@contextmanager
def session(database, name="somebody"):
    """Connect as somebody else; the transaction stays open until the end of the block."""
    with psycopg.connect(database.conninfo(application_name=name)) as connection:
        yield connection
        connection.rollback()


def wait_for_row(database, sql: str) -> None:
    """Return as soon as the query finds a row."""
    with psycopg.connect(database.conninfo(), autocommit=True) as connection:
        wait_for(lambda: connection.execute(sql.encode()).fetchone(), sql)


def test_a_second_migrator_gives_up_and_names_the_first(postgres, migrate) -> None:
    with session(postgres, "night shift") as connection:
        connection.execute(TAKE_LOCK)
        ran = migrate(postgres, "--wait", "0.3")
        told = migrate(postgres, "--status")

    assert ran.code == 75
    assert "of the server (night shift, user postgres from 127.0.0.1/32, since 20" in ran.err
    assert f") is migrating {postgres}" in ran.err
    assert "of the server (night shift, user postgres from 127.0.0.1/32, since 20" in told.out


def test_a_second_migrator_of_a_file_gives_up_too(sqlite, migrate) -> None:
    sqlite.path.parent.mkdir()
    lock_file = Path(f"{sqlite.path}.migrate.lock")

    with FileLock(lock_file):
        lock_file.write_text("process 4242 on laptop")
        ran = migrate(sqlite, "--wait", "0.3")
        told = migrate(sqlite, "--status")

    assert ran.code == 75
    assert "process 4242 on laptop is migrating" in ran.err
    assert "migrating right now: process 4242 on laptop" in told.out
    assert migrate(sqlite).code == 0


def read_until(process: subprocess.Popen[str], word: str) -> str:
    """Return what a process has logged up to the first line with the word."""
    lines = []
    for line in process.stderr or ():
        lines.append(line)
        if word in line:
            return "".join(lines)
    raise AssertionError("".join(lines))


def test_readers_pass_while_a_revision_waits_for_a_long_one(postgres, history, migrate, begin):
    migrate(postgres)
    history.add("expand", SHIPPED + 1, MOTTO)

    with session(postgres, "long report") as report:
        report.execute(b"SELECT count(*) FROM groups")
        migrator = begin(postgres, "--dir", history.folder, "--lock-timeout", "0.1")
        wait_for_row(
            postgres, "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'groups'::regclass"
        )
        with session(postgres, "page") as page:
            page.execute(b"SET statement_timeout = '60s'")
            passed = [page.execute(b"SELECT count(*) FROM groups").fetchone() for _ in range(50)]
        told = read_until(migrator, "in_the_way")
        assert migrator.poll() is None
    out, err = migrator.communicate(timeout=PATIENCE)
    err = told + err

    assert passed == [(0,)] * 50
    assert migrator.returncode == 0, err
    assert step(1) in out
    assert f"revision waits revision={step(1)} attempt=1" in err
    assert "(long report)" in err


def test_a_revision_that_never_gets_its_lock_gives_up_whole(postgres, history, migrate) -> None:
    migrate(postgres)
    history.add("expand", SHIPPED + 1, MOTTO)

    with session(postgres, "long report") as report:
        report.execute(b"SELECT count(*) FROM groups")
        ran = migrate(postgres, "--dir", history.folder, "--lock-timeout", "0.1", "--wait", "0.5")

    assert ran.code == 75
    assert f"{step(1)} got no lock on its table in " in ran.err
    assert "(long report), whose transaction is open for" in ran.err
    assert records(postgres)[1] == [(1, SHIPPED, 0)]


def test_a_writer_of_the_file_is_waited_for(sqlite, history_of_sqlite, migrate, begin) -> None:
    migrate(sqlite)
    import sqlite3

    writer = sqlite3.connect(sqlite.path, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    migrator = begin(sqlite, "--dir", history_of_sqlite.folder)
    lock_file = Path(f"{sqlite.path}.migrate.lock")
    wait_for(lambda: str(migrator.pid) in lock_file.read_text(), "the migrator to hold the lock")
    writer.execute("COMMIT")
    writer.close()
    _, err = migrator.communicate(timeout=PATIENCE)

    assert migrator.returncode == 0, err
    assert records(sqlite)[1] == [(1, SHIPPED + 1, 0)]


def test_an_index_is_built_while_another_migrator_waits(postgres, history, migrate, begin) -> None:
    migrate(postgres)
    history.add("expand", SHIPPED + 1, INDEX)

    with session(postgres, "old snapshot") as old:
        old.execute(b"BEGIN ISOLATION LEVEL REPEATABLE READ")
        old.execute(b"SELECT 1")
        first = begin(postgres, "--dir", history.folder)
        wait_for_row(
            postgres,
            "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'CREATE INDEX CONCURRENTLY%'"
            " AND wait_event_type = 'Lock'",
        )
        second = begin(postgres, "--dir", history.folder)
        wait_for_row(
            postgres,
            "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'SELECT pg_try_advisory_lock%'"
            " AND state = 'idle' AND application_name LIKE 'migrate:%'"
            " AND pid NOT IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory')",
        )
    ends = [process.communicate(timeout=PATIENCE) for process in (first, second)]

    assert [first.returncode, second.returncode] == [0, 0], ends
    assert step(1) in ends[0][0]
    assert "nothing to do" in ends[1][0]
    assert _scalar(postgres, VALID) is True


def test_half_an_index_is_built_again(postgres, history, migrate) -> None:
    migrate(postgres)
    with pytest.raises(psycopg.errors.UniqueViolation):
        execute(
            postgres,
            *(
                "INSERT INTO groups (id, name, currency, created_at, updated_at, version)"
                " VALUES (gen_random_uuid(), 'Flat', 'TRY', now(), now(), 1)",
            )
            * 2,
            "CREATE UNIQUE INDEX CONCURRENTLY ix_groups_name ON groups (name)",
        )
    half_built = _scalar(postgres, VALID)
    history.add("expand", SHIPPED + 1, INDEX)

    ran = migrate(postgres, "--dir", history.folder)

    assert half_built is False
    assert ran.code == 0
    assert _scalar(postgres, VALID) is True


@pytest.fixture
def history_of_sqlite(tmp_path):
    """The history of files, one revision longer."""
    from tests.integration.migrate.conftest import continued

    history = continued("sqlite", tmp_path)
    history.add("expand", SHIPPED + 1, MOTTO)
    return history


@pytest.fixture
def history(tmp_path):
    """The history of Postgres."""
    from tests.integration.migrate.conftest import continued

    return continued("postgres", tmp_path)


def _scalar(database, sql: str):
    with psycopg.connect(database.conninfo()) as connection:
        row = connection.execute(sql.encode()).fetchone()
        return row and row[0]
