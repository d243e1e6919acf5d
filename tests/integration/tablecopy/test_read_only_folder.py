"""In a folder that we may not write to, SQLite cannot keep its index of the WAL: it is copied."""

import json
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from backend.tablecopy.sqlite.source import open_source
from tests.fix_missing import not_here
from tests.fix_postgres import NOBODY

ROWS = 20


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that others may enter; those of pytest are its user's alone."""
    folder = Path(tempfile.mkdtemp(prefix="hesap-paylas-read-only-"))
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


@pytest.fixture
def left_over_shadows(folder: Path) -> Path:
    """A file whose rows are in its WAL and nowhere else, and nobody may write beside it."""
    path = folder / "app.db"
    connection = sqlite3.connect(path)
    connection.executescript("PRAGMA journal_mode = WAL; CREATE TABLE t (id INTEGER PRIMARY KEY)")
    connection.executemany("INSERT INTO t VALUES (?)", [(n,) for n in range(ROWS)])
    connection.commit()
    left = {name: (folder / name).read_bytes() for name in ("app.db", "app.db-wal")}
    connection.close()
    for name, content in left.items():
        (folder / name).write_bytes(content)
        (folder / name).chmod(0o444)
    folder.chmod(0o555)
    return path


def test_the_wal_is_copied_too(left_over_shadows: Path) -> None:
    before = digests(left_over_shadows.parent)

    is_copy, rows = without_rights(lambda: seen(left_over_shadows))

    assert (is_copy, rows) == (True, ROWS)
    assert digests(left_over_shadows.parent) == before


def seen(path: Path) -> tuple[bool, int]:
    with (
        tempfile.TemporaryDirectory() as scratch,
        open_source(path, scratch=Path(scratch)) as source,
    ):
        ((rows,),) = source.connection.execute("SELECT count(*) FROM t")
        return source.is_copy, int(rows)


def digests(folder: Path) -> dict[str, str]:
    return {file.name: sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()}


def without_rights(work: Callable[[], object]) -> list[object]:
    """Do something as a user who is not root: root may write everywhere."""
    if not hasattr(os, "fork"):
        not_here("there is no fork on Windows")
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            if os.geteuid() == 0:
                os.setgroups([])
                os.setgid(NOBODY)
                os.setuid(NOBODY)
            os.write(writing, json.dumps(work()).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as answer:
        text = answer.read()
    os.waitpid(child, 0)
    return list(json.loads(text))
