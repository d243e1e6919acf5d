"""Kill a sync at a statement of one's choice: a process of its own, SIGKILL, no cleaning up."""

import os
import signal
from collections.abc import Callable
from itertools import count

from backend.capture.postgres_log import PostgresChangeLog
from backend.capture.sqlite_log import SQLiteChangeLog
from backend.sync.replica.postgres import PostgresReplica
from backend.sync.replica.sqlite import SQLiteReplica

KILLED = -signal.SIGKILL


def run_and_kill(work: Callable[[], object], *, at: int) -> int:
    """Do the work in a child that dies before its statement number `at`; return its exit code."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            _die_at(at)
            work()
            status = 0
        finally:
            # Nothing of the test's own may run in here: neither its output nor its fixtures.
            os._exit(status)
    _, ended = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(ended)


def _die_at(at: int) -> None:
    numbers = count(1)

    def counted(original):
        def run(self, *words, **more):
            if next(numbers) == at:
                os.kill(os.getpid(), signal.SIGKILL)
            return original(self, *words, **more)

        return run

    for replica in (SQLiteReplica, PostgresReplica):
        for name in ("_run", "_all", "bulk_insert", "update", "delete"):
            setattr(replica, name, counted(getattr(replica, name)))
    for log in (SQLiteChangeLog, PostgresChangeLog):
        for name in ("_run", "_all", "forget", "note"):
            setattr(log, name, counted(getattr(log, name)))
