"""Many tables with one row each, every one with a reference to the one before."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from benchmarks.transfer.target import Target
from tests.fix_postgres import PostgresServer

_TABLE = "CREATE TABLE t{0} (id {1} PRIMARY KEY, name text UNIQUE, parent {1}{2})"


def make_tables(source: Path, target: Target, number: int) -> None:
    """Make them on both sides, on the target with an index more."""
    parents = [f" REFERENCES t{place - 1} (id)" if place else "" for place in range(number)]
    with closing(sqlite3.connect(source)) as file, file:
        for place, parent in enumerate(parents):
            file.execute(_TABLE.format(place, "INTEGER", parent))
            words = f"INSERT INTO t{place} VALUES (1, 'x', {1 if place else 'NULL'})"  # noqa: S608 - ours
            file.execute(words)
    for place, parent in enumerate(parents):
        index = f"CREATE INDEX ON t{place} (parent)"
        target.execute(_TABLE.format(place, "bigint", parent), index)


def processor_seconds(at: PostgresServer) -> tuple[float, float]:
    """Return what our ended processes have used by now, and what the server's have."""
    assert at.process is not None  # noqa: S101 - it runs
    words = Path(f"/proc/{at.process.pid}/stat").read_text().rpartition(")")[2].split()
    ours, ticks = os.times(), os.sysconf("SC_CLK_TCK")
    return ours.children_user + ours.children_system, (int(words[13]) + int(words[14])) / ticks
