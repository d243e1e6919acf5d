"""Run the migrator in forks of one process, so that nothing is imported twice.

Reads an order as JSON from standard input and writes what became of it to standard output.
"""

import json
import os
import signal
import sys
from dataclasses import dataclass

from sqlalchemy import event
from sqlalchemy.engine import Engine

from backend.migrate.cli import main


@dataclass
class Fuse:
    """Die like the machine does, before the statement (or the commit) of this number."""

    number: int
    seen: int = 0

    def light(self) -> None:
        """Count from here."""
        event.listen(Engine, "before_cursor_execute", self._count)
        event.listen(Engine, "commit", self._count)

    def _count(self, *_anything: object) -> None:
        self.seen += 1
        if self.seen == self.number:
            os.kill(os.getpid(), signal.SIGKILL)


@dataclass
class Child:
    """One migrator."""

    pid: int
    pipe: int

    def result(self) -> dict[str, int | str]:
        """Wait for its end; return its exit code, its statements, and what it printed."""
        with os.fdopen(self.pipe, encoding="utf-8") as pipe:
            out = pipe.read()
        code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        answer, _, seen = out.rpartition("\n")
        return {"code": code, "statements": int(seen or 0), "answer": answer}


def start(url: str, folder: str, die_at: int = 0) -> Child:
    """Start a migrator that may die."""
    read, write = os.pipe()
    pid = os.fork()
    if pid:
        os.close(write)
        return Child(pid, read)
    os.environ["MIGRATE_DATABASE_URL"] = url
    os.dup2(write, 1)
    fuse = Fuse(die_at)
    fuse.light()
    code = main(["--dir", folder, "--wait", "600", "--json"])
    sys.stdout.write(str(fuse.seen))
    sys.stdout.flush()
    os._exit(code)


def at_once(order):
    """Start a crowd on one database."""
    crowd = [start(order["url"], order["dir"]) for _ in range(order["number"])]
    return [child.result() for child in crowd]


def killed(order):
    """On each database kill one migrator a statement later than on the last, then run another."""
    return [
        [start(url, order["dir"], k).result(), start(url, order["dir"]).result()]
        for k, url in enumerate(order["urls"], start=1)
    ]


if __name__ == "__main__":
    jobs = {"at_once": at_once, "killed": killed}
    order = json.load(sys.stdin)
    print(json.dumps(jobs[order["job"]](order)))
