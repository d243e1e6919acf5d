"""Time whole commands: a first sync, one of nothing, one of few changes, and a look."""

import argparse
import os
import sqlite3
import statistics
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from backend.config.database_url import DatabaseUrl
from backend.demo import fill
from backend.demo.config import DemoConfig
from backend.migrate import upgrade
from benchmarks.sync import deletions, writes
from benchmarks.sync.far import FarDoor
from benchmarks.transfer.measure import run
from benchmarks.transfer.target import server
from tests.fix_postgres import PostgresServer

ROOT = Path(__file__).resolve().parent.parent.parent
SYNC = (sys.executable, str(ROOT / "sync_databases.py"))
TRANSFER = (sys.executable, str(ROOT / "backend" / "db_transfer_sqlite_to_postgres.py"))
ORDERS_A_USER = 7
CHANGED = 100
ROUND_TRIP = 0.05

_CHANGE = """
    UPDATE {table} SET note = note || '.', version = version + 1
    WHERE id IN (
        SELECT id FROM {table} WHERE deleted_at IS NULL ORDER BY random() LIMIT {number})"""


@dataclass
class Results:
    """Seconds of each command, and what went over the line."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)

    def time(self, name: str, work: Callable[[], float], note: str = "") -> None:
        """Do it once more, and show how long it took."""
        seconds = work()
        self.seconds.setdefault(name, []).append(seconds)
        self.notes[name] = note
        print(f"  {name}: {seconds:.2f} s {note}", flush=True)

    def show(self, base: str) -> None:
        """Print a table that can be pasted into a page."""
        print("\n| command | seconds (median) | of the transfer | |\n|---|---|---|---|")
        whole = statistics.median(self.seconds[base])
        for name, seconds in self.seconds.items():
            median = statistics.median(seconds)
            print(f"| {name} | {median:.2f} | {median / whole:.3f} | {self.notes[name]} |")


def main(arguments: list[str] | None = None) -> int:
    """Print what happens, and in the end a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sync", description=__doc__)
    parser.add_argument("--orders", type=int, default=130_000, help="about eight rows each")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--deletions", action="store_true", help="measure only these")
    options = parser.parse_args(arguments)
    print(f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f} at the start")
    with tempfile.TemporaryDirectory() as name, server() as at:
        results = Results()
        if options.deletions:
            deletions.measure(Path(name), _migrated(at), _sync, results.time)
            return 0
        _small(Path(name), at, results)
        _large(Path(name), at, options, results)
        results.show("transfer of everything")
    return 0


def _small(folder: Path, at: PostgresServer, results: Results) -> None:
    source = folder / "small.db"
    fill(DatabaseUrl("sqlite", path=source), DemoConfig(users=5, orders=12))
    remote = _migrated(at)
    results.time("first sync of five users", lambda: _sync("local2render", source, remote))


def _large(folder: Path, at: PostgresServer, options: argparse.Namespace, results: Results) -> None:
    source, other = folder / "large.db", _migrated(at)
    orders = options.orders
    fill(
        DatabaseUrl("sqlite", path=source), DemoConfig(users=orders // ORDERS_A_USER, orders=orders)
    )
    results.time("transfer of everything", lambda: _transfer(source, other), _rows(source))
    plain = writes.seconds(source, other, begin=0)
    at.drop_database(other)
    remote = _migrated(at)
    results.time(
        "first sync, into an empty database", lambda: _sync("local2render", source, remote)
    )
    for number in range(options.rounds):
        print(f"round {number + 1}", flush=True)
        other = _migrated(at)
        results.time("transfer of everything", lambda: _transfer(source, other), _rows(source))  # noqa: B023 - run at once
        at.drop_database(other)
        results.time("sync of nothing", lambda: _sync("local2render", source, remote))
        _change(source)
        results.time(f"sync of {CHANGED} changes", lambda: _sync("local2render", source, remote))
        _far(at, source, remote, results)
    results.time("comparison of every row", lambda: _sync("status", source, remote, "--verify"))
    captured = writes.seconds(source, remote, begin=writes.WRITES)
    for engine, before, after in zip(("SQLite", "Postgres"), plain, captured, strict=True):
        each = (after - before) / writes.WRITES * 1e6
        print(f"  a captured write on {engine}: {after / before:.2f} x, {each:+.0f} µs")


def _far(at: PostgresServer, source: Path, remote: DatabaseUrl, results: Results) -> None:
    with FarDoor(at.port, seconds=ROUND_TRIP) as door:
        there = DatabaseUrl(
            "postgres", params={**remote.params, "port": str(door.port)}, password=remote.password
        )
        trip = f"{ROUND_TRIP * 1000:.0f} ms away"
        results.time(f"status, {trip}", lambda: _sync("status", source, there))
        _change(source)
        door.sent = door.received = 0
        name = f"sync of {CHANGED} changes, {trip}"
        results.time(name, lambda: _sync("local2render", source, there))
        results.notes[name] = f"{door.sent:,} bytes sent, {door.received:,} received"


def _sync(command: str, source: Path, remote: DatabaseUrl, *more: str) -> float:
    words = (*SYNC, command, "--local", f"sqlite:///{source}", "--remote", str(remote), *more)
    return run(words, {"PGPASSWORD": remote.password}).seconds


def _transfer(source: Path, target: DatabaseUrl) -> float:
    words = (*TRANSFER, "--sqlite", str(source), "--pg-url", str(target))
    return run(words, {"PGPASSWORD": target.password}).seconds


def _change(source: Path) -> None:
    """Change so many rows, half of them orders."""
    with closing(sqlite3.connect(source)) as file:
        for table in ("orders", "settlements"):
            file.execute(_CHANGE.format(table=table, number=CHANGED // 2))
        file.commit()


def _migrated(at: PostgresServer) -> DatabaseUrl:
    database = at.new_database()
    upgrade(database)
    return database


def _rows(source: Path) -> str:
    with closing(sqlite3.connect(source)) as file:
        names = file.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
        counts = [file.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for (name,) in names]  # noqa: S608 - ours
    return f"{sum(counts):,} rows"
