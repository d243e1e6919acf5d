"""For somebody who waits, and for a log: which stage a run has come to, and how far."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, TextIO

log = logging.getLogger(__name__)


class Watcher(Protocol):
    """Whoever wants to know how far it is."""

    def stage(self, name: str, rows: int = 0) -> None:
        """Begin a stage, of so many rows if that is known; the one before has ended."""

    def advance(self, table: str, rows: int) -> None:
        """Say that so many more rows are done."""


class Lines:
    """For a log: one line when a stage begins, nothing while it runs."""

    def __init__(self) -> None:
        self._name = ""
        self._begun = time.monotonic()

    def stage(self, name: str, rows: int = 0) -> None:
        """Write the line."""
        self.end()
        self._name, self._begun = name, time.monotonic()
        log.info("%s begins", name, extra={"fields": {"rows": rows or None}})

    def advance(self, table: str, rows: int) -> None:
        """Do nothing: a log is no place for every thousand rows."""

    def end(self) -> None:
        """Say how long the last stage took."""
        if self._name:
            seconds = f"{time.monotonic() - self._begun:.1f}"
            log.info("%s ended", self._name, extra={"fields": {"seconds": seconds}})
        self._name = ""


@contextmanager
def watching(stream: TextIO) -> Iterator[Watcher]:
    """Give bars where `stream` is a terminal, lines of the log elsewhere."""
    if not stream.isatty():
        lines = Lines()
        yield lines
        lines.end()
        return
    # What draws them need not be loaded for a log.
    from backend.transfer.bars import drawn

    with drawn(stream) as bars:
        yield bars
