"""Somebody's SQLite file and its backups, and the command in a process of its own."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from backend.backup.results import BackupRecord
from backend.backup.sqlite.archive_file import read_archive, write_archive
from backend.backup.sqlite.repository import SQLiteRepository
from backend.backup.sqlite.sqlite_backups import SQLiteBackups
from backend.cli.progress import Lines

ROOT = Path(__file__).resolve().parents[3]

_SHOP = """
    PRAGMA journal_mode = WAL;
    CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT NOT NULL, price REAL, picture BLOB);
    CREATE TABLE sales (id INTEGER PRIMARY KEY, product INTEGER REFERENCES products (id), day TEXT);
    CREATE INDEX sales_by_day ON sales (day);
    CREATE VIEW cheap AS SELECT name FROM products WHERE price < 10;
    INSERT INTO products VALUES (1, 'Ayran', 12.5, x'00ff'), (2, 'Çay', 7.25, NULL);
    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 2000)
        INSERT INTO sales SELECT n, 1 + n % 2, date('2026-01-01', n || ' days') FROM numbers;
"""


class Shop:
    """Somebody's file in WAL mode, with 2,002 rows, and its backups."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.backups = SQLiteBackups(path, None)
        self.repository = SQLiteRepository.of(path, None)
        self.execute(_SHOP)

    def execute(self, script: str) -> None:
        """Change it."""
        with closing(sqlite3.connect(self.path)) as connection:
            connection.executescript(script)

    def query(self, sql: str, path: Path | None = None) -> list[Any]:
        """Ask it, or another file."""
        with closing(sqlite3.connect(path or self.path)) as connection:
            return connection.execute(sql).fetchall()

    def create(self) -> BackupRecord:
        """Make a backup."""
        return self.backups.create(None, Lines())

    def forge(self, name: str, script: str) -> None:
        """Change what an archive holds, as somebody with its recipient could."""
        key = self.repository.key()
        archive, plain = self.repository.archive(name), self.path.with_name("forged.db")
        contents = self.repository.read_manifest(name, key).contents
        read_archive(archive, plain, key, most_bytes=contents.bytes)
        with closing(sqlite3.connect(plain)) as connection:
            connection.executescript(script)
        with archive.open("wb") as file:
            write_archive(plain, file, key.recipient)
        plain.unlink()

    def left_over(self) -> list[str]:
        """Name what no finished run leaves: scratch folders, partial files, journals of ours."""
        beside = [path.name for path in self.path.parent.iterdir() if "scratch" in path.name]
        return beside + [path.name for path in self.repository.root.rglob("*.partial")]


NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


class Clock:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


class Command:
    """`python backend/db_backup.py` in a process of its own."""

    def __init__(self, database: Path, *program: str, **environment: str) -> None:
        self._database = database
        self._program = program or ("backend/db_backup.py",)
        self._environment = environment

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run it on the file, to its end."""
        return self.bare(*arguments, "--db", str(self._database))

    def bare(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run it with these arguments alone."""
        return subprocess.run(
            [sys.executable, *self._program, *arguments],
            check=False,
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], **self._environment},
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )

    def json(self, *arguments: str) -> Any:
        """Return its answer."""
        done = self(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


def killed(database: Path, moment: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command that is killed at a moment, such as "before rename"."""
    program = ("-m", "tests.integration.backup.kill_driver", *moment.split())
    return Command(database, *program)(*arguments)
