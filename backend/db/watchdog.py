"""Notice that the database is frozen, free whoever waits on it, and notice when it is back.

A frozen Postgres (a stopped process, a cut network) answers nothing and closes nothing: each
request that touches it would hold a thread for ever, and soon there is none left, not even for
`/api/live`. So one thread per process looks whether any request takes suspiciously long. Only
then it asks the database itself, on a connection of its own. No answer: all connections of the
process are cut, those who waited get an error (503), and new requests are refused at the door
until the database answers again.
"""

from __future__ import annotations

import logging
import threading
import time
import weakref
from contextlib import contextmanager
from typing import TYPE_CHECKING

from backend.errors import DatabaseError, TransientError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from backend.db.dialect import Dialect

log = logging.getLogger(__name__)

SUSPICIOUS_SECONDS = 1.0
PROBE_SECONDS = 2.5
# Late answers may be a busy machine; cutting all connections for them would do real harm. But
# threads must be free again before the proxy's checks, which wait for them, give up (15 seconds).
PROBES_BEFORE_CUTTING = 3
TICK_SECONDS = 0.25

_watchdogs: weakref.WeakSet[Watchdog] = weakref.WeakSet()


@contextmanager
def away_from_database() -> Iterator[None]:
    """Let nobody suspect the database while this thread waits for something else."""
    me = threading.get_ident()
    watching = [dog for dog in list(_watchdogs) if dog.forget(me)]
    try:
        yield
    finally:
        for dog in watching:
            dog.note(me)


class Watchdog:
    """Knows which requests are running and whether the database answers."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._started: dict[int, float] = {}
        self._frozen = threading.Event()
        self._unanswered = 0
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        _watchdogs.add(self)

    @property
    def frozen(self) -> bool:
        """Tell whether the database was found not to answer."""
        return self._frozen.is_set()

    def enter(self) -> None:
        """Note that this thread begins a request that may use the database.

        Raises:
            TransientError: the database is frozen.
        """
        if self.frozen:
            raise TransientError("the database does not answer", hint="try again in a moment")
        self.note(threading.get_ident())
        if self._thread is None:
            self._start()

    def leave(self) -> None:
        """Note that this thread is done with its request."""
        self.forget(threading.get_ident())

    def note(self, thread: int) -> None:
        """Watch a thread, from now on."""
        self._started[thread] = time.monotonic()

    def forget(self, thread: int) -> bool:
        """Stop watching a thread, and tell whether it was watched."""
        return self._started.pop(thread, None) is not None

    def _start(self) -> None:
        # Started by the first request and not at import: a thread does not survive a fork.
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="db-watchdog", daemon=True)
                self._thread.start()

    def _watch(self) -> None:
        while True:
            time.sleep(TICK_SECONDS)
            if self.frozen or self._someone_waits():
                self._look()

    def _someone_waits(self) -> bool:
        oldest = min(list(self._started.values()), default=time.monotonic())
        return time.monotonic() - oldest > SUSPICIOUS_SECONDS

    def _look(self) -> None:
        try:
            self._dialect.fetch_row("SELECT 1 AS answer", seconds=PROBE_SECONDS)
        except DatabaseError as error:
            self._found_frozen(error)
        else:
            self._unanswered = 0
            if self.frozen:
                log.warning("database answers again")
            self._frozen.clear()

    def _found_frozen(self, error: DatabaseError) -> None:
        self._unanswered += 1
        if self._unanswered < PROBES_BEFORE_CUTTING:
            return
        if not self.frozen:
            log.error("database does not answer: cutting our connections reason=%s", error.args[0])
        self._frozen.set()
        self._dialect.abandon()
