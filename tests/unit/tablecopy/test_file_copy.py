"""A file and what lies beside it are copied as they were at one moment, whoever writes meanwhile."""

import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest

from backend.errors import TransientError
from backend.tablecopy.sqlite import file_copy

# Moves a cent from one row to the other, and counts how often.
MOVE = ("UPDATE t SET v = v + 1 WHERE id = 1", "UPDATE t SET v = v - 1 WHERE id = 2")
COUNT = "UPDATE t SET v = v + 1 WHERE id = 3"
# Dies in the middle of a transaction, part of which is in the file already.
CRASHED = """
import os, signal, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA cache_size = 1")
connection.execute("PRAGMA cache_spill = 1")
connection.execute("BEGIN IMMEDIATE")
connection.execute("UPDATE t SET v = 100 WHERE id = 3")
connection.execute("UPDATE t SET more = randomblob(4000) WHERE id > 3")
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def path(tmp_path):
    """Three rows, each on a page of its own, and some that only fill pages."""
    folder = tmp_path / "data"
    folder.mkdir()
    path = folder / "app.db"
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, v INTEGER, more BLOB)")
        file.executemany("INSERT INTO t (v, more) VALUES (0, ?)", [(bytes(3000),)] * 30)
    return path


def after_copying(
    monkeypatch: pytest.MonkeyPatch, path: Path, doing: Callable[[int], None]
) -> None:
    """Do something each time that a file has been copied, before anything else is."""
    turns, copyfile = count(1), shutil.copyfile

    def copy(source: Path, target: Path) -> None:
        copyfile(source, target)
        if source == path:
            doing(next(turns))

    monkeypatch.setattr("backend.tablecopy.sqlite.file_copy.shutil.copyfile", copy)


def seen(copy: Path) -> list[int]:
    with closing(sqlite3.connect(copy)) as file:
        return [v for (v,) in file.execute("SELECT v FROM t WHERE id <= 3 ORDER BY id")]


def a_turn_of_the_wal(writer: sqlite3.Connection) -> None:
    """Put what the WAL holds into the file, and begin it anew with something else."""
    writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    writer.execute(COUNT)


@pytest.mark.parametrize(("busy", "expected"), [(0, [1, -1, 0]), (1, [1, -1, 1]), (2, [1, -1, 2])])
def test_a_wal_that_is_begun_anew_meanwhile_is_not_taken_for_the_one_before(
    path, tmp_path, monkeypatch, busy, expected
):
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("PRAGMA journal_mode = WAL").fetchall()
        for statement in MOVE:
            writer.execute(statement)
        after_copying(
            monkeypatch, path, lambda turn: a_turn_of_the_wal(writer) if turn <= busy else None
        )

        copy = file_copy.with_its_wal(path, tmp_path)

        assert seen(copy) == expected


def test_what_is_only_added_to_the_wal_meanwhile_is_no_reason_to_begin_again(
    path, tmp_path, monkeypatch
):
    turns = []
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("PRAGMA journal_mode = WAL").fetchall()
        writer.execute(COUNT)

        def add(turn: int) -> None:
            turns.append(turn)
            writer.execute(COUNT)

        after_copying(monkeypatch, path, add)

        copy = file_copy.with_its_wal(path, tmp_path)

        assert (turns, seen(copy)) == ([1], [0, 0, 2])


def test_a_wal_that_is_always_begun_anew_is_given_up(path, tmp_path, monkeypatch):
    turns = []
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("PRAGMA journal_mode = WAL").fetchall()
        writer.execute(COUNT)

        def turn_it(turn: int) -> None:
            turns.append(turn)
            a_turn_of_the_wal(writer)

        after_copying(monkeypatch, path, turn_it)

        with pytest.raises(TransientError, match=r"app\.db changes while it is being copied"):
            file_copy.with_its_wal(path, tmp_path)

    assert turns == [1, 2, 3]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="nobody can be killed on Windows")
@pytest.mark.parametrize("copied", ["app.db", "app.db-journal"])
def test_a_journal_that_somebody_undoes_meanwhile_is_not_taken(path, tmp_path, monkeypatch, copied):
    journal = path.with_name("app.db-journal")
    code = subprocess.run([sys.executable, "-c", CRASHED, path], check=False).returncode
    assert (code, journal.exists()) == (-signal.SIGKILL, True)

    def undo(turn: int) -> None:
        if turn == 1:
            with closing(sqlite3.connect(path)) as writer, writer:
                writer.execute(COUNT)
            assert not journal.exists()

    after_copying(monkeypatch, path.with_name(copied), undo)

    copy = file_copy.with_its_journal(path, tmp_path)

    assert seen(copy) == [0, 0, 1]
