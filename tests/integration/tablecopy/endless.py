"""Tasks of a worker that do not end, and a program that has given them to two."""

import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from backend.tablecopy.pool import Pool
from backend.tablecopy.sqlite.source import open_source
from backend.tablecopy.target import Target
from backend.tablecopy.worker import Worker, WorkerTask

# Longer than any test waits.
SECONDS = 120


@dataclass(frozen=True)
class OnTarget:
    """One statement of the target."""

    begun: Path

    def run(self, worker: Worker) -> None:
        """Note who it is that begins."""
        session = worker.session
        note(self.begun)
        session.execute("SELECT pg_sleep(%s)", (SECONDS,))


@dataclass(frozen=True)
class OnSource:
    """One statement of the source."""

    begun: Path

    def run(self, worker: Worker) -> None:
        """Note from within it who it is that begins."""
        until = time.monotonic() + SECONDS

        def begin(*_: object) -> int:
            note(self.begun)
            return 1

        def is_over(*_: object) -> bool:
            return time.monotonic() > until

        worker.reader.create_scalar_function("begun", begin, 0)
        worker.reader.create_scalar_function("is_over", is_over, 0)
        worker.reader.execute(
            "WITH RECURSIVE n (i) AS (SELECT begun() UNION ALL SELECT i + 1 FROM n"
            " WHERE i % 10000 OR NOT is_over()) SELECT count(*) FROM n"
        ).fetchall()


def note(begun: Path) -> None:
    """Say that the process is at work."""
    with begun.open("a") as file:
        file.write(f"{os.getpid()}\n")


def main() -> None:
    """Do as a line of JSON on standard input says."""
    order = json.loads(sys.stdin.readline())
    path, begun = Path(order["path"]), Path(order["begun"])
    tasks: Iterator[WorkerTask] = iter([OnTarget(begun), OnSource(begun)])
    with (
        open_source(path, scratch=path.parent) as source,
        Pool(source, Target(order["conninfo"]), workers=2) as pool,
    ):
        list(pool.run(tasks))


if __name__ == "__main__":
    main()
