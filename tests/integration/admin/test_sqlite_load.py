"""`python -m backend signals` sees a writer that does not let go, and changes nothing."""

import hashlib
import json
import shutil
import sqlite3
import threading
import time
from contextlib import closing
from types import SimpleNamespace

import pytest

from backend.admin import sqlite_load
from backend.admin.cli import main
from backend.db import sqlite_file


@pytest.fixture
def path(sqlite_template, tmp_path):
    """A file of ours."""
    return shutil.copyfile(sqlite_template, tmp_path / "app.db")


def test_a_quiet_file_makes_nobody_wait(path, capsys, monkeypatch) -> None:
    monkeypatch.setattr(sqlite_load, "_EVERY_SECONDS", 0.01)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()

    code = main(["signals", "--db", str(path), "--seconds", "0.5", "--json"])

    found = json.loads(capsys.readouterr().out)
    assert (code, found["gave_up"], found["wal_growth"]) == (0, 0, 0)
    assert found["asked"] >= 2
    assert found["file_bytes"] == path.stat().st_size
    assert hashlib.sha256(path.read_bytes()).hexdigest() == digest


def test_a_long_write_is_seen_as_a_wait(path, monkeypatch) -> None:
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        release = threading.Timer(1, writer.execute, ["ROLLBACK"])
        waits = sqlite_load._waits

        def begin_to_count(connection, *, until):
            release.start()
            return waits(connection, until=until)

        monkeypatch.setattr(sqlite_load, "_waits", begin_to_count)
        found = sqlite_load.measure(path, seconds=0.1)
        release.join()

    assert found.waited >= 1
    assert found.longest_wait > 0.2


def test_a_write_that_lasts_longer_than_the_app_waits_is_counted(path, monkeypatch) -> None:
    monkeypatch.setattr(sqlite_file, "BUSY_TIMEOUT_MS", 50)
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")

        found = sqlite_load.measure(path, seconds=0.2)

    assert found.gave_up == found.asked > 0


def test_a_wal_that_grows_is_seen(path, monkeypatch) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("PRAGMA wal_autocheckpoint = 0")

        def write(_seconds: float) -> None:
            writer.execute("UPDATE schema_state SET expand_level = expand_level + 1")

        clock = SimpleNamespace(monotonic=time.monotonic, sleep=write)
        monkeypatch.setattr(sqlite_load, "time", clock)
        found = sqlite_load.measure(path, seconds=0.1)

    assert found.wal_growth > 0


def test_a_postgres_has_no_such_limits(capsys) -> None:
    code = main(["signals", "--url", "postgresql://nobody@127.0.0.1/nothing"])

    assert code == 2
    assert "is no SQLite file" in capsys.readouterr().err


def test_a_file_that_is_not_there_is_told(tmp_path, capsys) -> None:
    path = tmp_path / "none.db"

    code = main(["signals", "--db", str(path)])

    assert code == 69
    assert not path.exists()
