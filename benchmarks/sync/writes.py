"""What the triggers that capture changes add to a write."""

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg

from backend.config.database_url import DatabaseUrl

WRITES = 3_000

_IDS = "SELECT id FROM orders ORDER BY id LIMIT {number} OFFSET {begin}"


def seconds(source: Path, remote: DatabaseUrl, *, begin: int) -> tuple[float, float]:
    """Change so many rows one by one, on either engine; each is a row that nobody has touched."""
    query = _IDS.format(number=WRITES, begin=begin)
    with closing(sqlite3.connect(source, isolation_level=None)) as file:
        here = file.execute(query).fetchall()
        update = "UPDATE orders SET version = version + 1 WHERE id = ?"
        own = _timed(lambda: [file.execute(update, one) for one in here], file.execute)
    with psycopg.connect(remote.conninfo(), autocommit=True) as session:
        there = session.execute(query.encode()).fetchall()
        other = _timed(
            lambda: [
                session.execute("UPDATE orders SET version = version + 1 WHERE id = %s", one)
                for one in there
            ],
            lambda words: session.execute(words.encode()),
        )
    return own, other


def _timed(work: Callable[[], object], run: Callable[[str], object]) -> float:
    """Do it in one transaction, so that the disk has no part in it."""
    run("BEGIN")
    begun = time.monotonic()
    work()
    taken = time.monotonic() - begun
    run("COMMIT")
    return taken
