"""What rows that are deleted cost beside rows that are changed, near and 30 ms away."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

from backend.config.database_url import DatabaseUrl
from backend.demo import fill
from backend.demo.config import DemoConfig
from benchmarks.sync.far import FarDoor

NEAR, FAR = 1_000, 200
ROUND_TRIP = 0.03

# More of the settlements that there are, each under a key of its own.
_MORE = """
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {number})
    INSERT INTO settlements (id, {columns})
    SELECT lower(hex(randomblob(16))), {columns} FROM n, (SELECT * FROM settlements LIMIT 1)"""
_CHANGE = """
    UPDATE settlements SET note = note || '.', version = version + 1
    WHERE id IN (SELECT id FROM settlements ORDER BY id LIMIT {number})"""
_DELETE = """
    DELETE FROM settlements WHERE id IN (SELECT id FROM settlements ORDER BY id LIMIT {number})"""

Sync = Callable[..., float]
Time = Callable[[str, Callable[[], float]], None]


def measure(folder: Path, remote: DatabaseUrl, sync: Sync, time: Time) -> None:
    """Sync some settlements, then change some of them and delete as many, here and far away."""
    source = folder / "deletions.db"
    fill(DatabaseUrl("sqlite", path=source), DemoConfig(users=20, orders=200))
    _run(source, _MORE.format(number=3 * (NEAR + FAR), columns=_columns(source)))
    sync("local2render", source, remote)
    _changed_and_deleted(source, NEAR, "", partial(sync, "local2render", source, remote), time)
    with FarDoor(int(remote.params["port"]), seconds=ROUND_TRIP) as door:
        params = {**remote.params, "port": str(door.port)}
        there = DatabaseUrl("postgres", params=params, password=remote.password)
        trip = f", {ROUND_TRIP * 1000:.0f} ms away"
        _changed_and_deleted(source, FAR, trip, partial(sync, "local2render", source, there), time)


def _changed_and_deleted(source: Path, number: int, trip: str, sync: Sync, time: Time) -> None:
    deletes = ("--deletes", "--max-deletes", str(number))
    for name, statement, more in (("updates", _CHANGE, ()), ("deletions", _DELETE, deletes)):
        _run(source, statement.format(number=number))
        time(f"sync of {number:,} {name}{trip}", partial(sync, *more))


def _run(source: Path, statement: str) -> None:
    with closing(sqlite3.connect(source)) as file:
        file.execute(statement)
        file.commit()


def _columns(source: Path) -> str:
    with closing(sqlite3.connect(source)) as file:
        names = [row[1] for row in file.execute("PRAGMA table_info(settlements)")]
    return ", ".join(name for name in names if name != "id")
