"""While people write: one consistent state of the source, and nobody's row lost in the target."""

import os
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

from backend.invariants import check
from backend.transfer.archive import Archived, archive
from tests.integration.transfer.conftest import ask, counts, reading, schemas, write
from tests.polling import PATIENCE, wait_for

ROOT = Path(__file__).resolve().parents[3]
COMMAND = (sys.executable, "backend/db_transfer_sqlite_to_postgres.py", "--batch-rows=200")

# One order more, paid and owed by the same member, in one transaction: torn apart, its payers or
# its shares would be missing.
ORDER = """
    INSERT INTO orders SELECT :id, group_id, created_by, 'yeni', currency, 7, ordered_on, 'exact',
        '', created_at, updated_at, NULL, 1 FROM orders LIMIT 1"""
PART = """
    INSERT INTO {table} SELECT :id, created_by, group_id, currency, 7, created_at, updated_at,
        NULL, 1 FROM orders WHERE id = :id"""
PERSON = """
    INSERT INTO users SELECT gen_random_uuid(), 'x@example.com', 'x@example.com', 'X', 'x', 'active',
        now(), now(), NULL, 1"""


def started(source, target) -> subprocess.Popen[str]:
    """Start the command in a process of its own."""
    return subprocess.Popen(
        [*COMMAND, "--sqlite", str(source.path)],
        cwd=ROOT,
        env={**os.environ, "MIGRATE_DATABASE_URL": target.conninfo()},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_writer_that_never_rests_is_read_in_one_state(source, target) -> None:
    stop, written = threading.Event(), []

    def hammer() -> None:
        with closing(sqlite3.connect(source.path, timeout=30, isolation_level=None)) as file:
            while not stop.is_set():
                row = {"id": os.urandom(16).hex()}
                file.execute("BEGIN IMMEDIATE")
                file.execute(ORDER, row)
                file.execute(PART.format(table="order_payers"), row)
                file.execute(PART.format(table="order_shares"), row)
                file.execute("COMMIT")
                written.append(row)
                stop.wait(0.002)

    before = counts(source)["orders"]
    thread = threading.Thread(target=hammer)
    thread.start()
    try:
        wait_for(lambda: written, "the first order")
        process = started(source, target)
        out, told = process.communicate(timeout=PATIENCE)
    finally:
        stop.set()
        thread.join()

    assert process.returncode == 0, told
    assert check(target).is_clean
    assert before < counts(target)["orders"] < before + len(written)
    assert "somebody wrote to the file meanwhile" in out


def test_who_writes_while_the_archive_is_made_is_told(move, monkeypatch) -> None:
    def interrupted(file: Path, **where: Any) -> Archived:
        write(move.source, "INSERT INTO a VALUES (3, 'z')")
        return archive(file, **where)

    monkeypatch.setattr("backend.transfer.transfer.archive", interrupted)

    ran = move("--archive-sqlite")

    assert ran.code == 0, ran.err
    assert move.rows() == [(1, "x"), (2, "y")]
    assert "somebody wrote to the file meanwhile" in ran.out


def test_whoever_signs_up_meanwhile_is_not_lost(large, target) -> None:
    with reading(target) as connection:
        process = started(large, target)
        wait_for(lambda: len(schemas(target)) > 1, "a load")
        connection.execute(PERSON)
    _, told = process.communicate(timeout=PATIENCE)

    assert process.returncode == 77, told
    assert "the target is not empty: users (1)" in told
    assert ask(target, "SELECT string_agg(display_name, ',') FROM users") == "X"
    assert schemas(target) == ["public"]
