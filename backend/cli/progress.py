"""Progress of a run: which stage it has come to and how far, for a log and for a terminal."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, TextIO

log = logging.getLogger(__name__)


class Watcher(Protocol):
    """Is told how far a run has come."""

    def stage(self, name: str, rows: int = 0) -> None:
        """Begin a stage, of so many rows if that is known; the one before has ended."""

    def advance(self, table: str, rows: int) -> None:
        """Count so many more rows of the stage as done."""


class Lines:
    """Progress in a log: a line when a stage begins and one when it ends, nothing in between."""

    def __init__(self) -> None:
        self._name = ""
        self._begun = time.monotonic()

    def stage(self, name: str, rows: int = 0) -> None:
        """End the stage before, and log that this one begins."""
        self.end()
        self._name, self._begun = name, time.monotonic()
        log.info("%s begins", name, extra={"fields": {"rows": rows or None}})

    def advance(self, table: str, rows: int) -> None:
        """Do nothing: a log is no place for every thousand rows."""

    def end(self) -> None:
        """Log how long the last stage took."""
        if self._name:
            seconds = f"{time.monotonic() - self._begun:.1f}"
            log.info("%s ended", self._name, extra={"fields": {"seconds": seconds}})
        self._name = ""


class _Both:
    """Progress for several watchers: here the log and the terminal."""

    def __init__(self, *watchers: Watcher) -> None:
        self._watchers = watchers

    def stage(self, name: str, rows: int = 0) -> None:
        """Begin the stage for all of them."""
        for watcher in self._watchers:
            watcher.stage(name, rows)

    def advance(self, table: str, rows: int) -> None:
        """Count the rows for all of them."""
        for watcher in self._watchers:
            watcher.advance(table, rows)


@contextmanager
def watching(stream: TextIO) -> Iterator[Watcher]:
    """Log a line for each stage; where `stream` is a terminal, show bars too."""
    lines = Lines()
    if not stream.isatty():
        yield lines
        lines.end()
        return
    # What draws them need not be loaded for a log.
    from backend.cli.progress_bars import drawn

    with drawn(stream) as bars:
        yield _Both(lines, bars)
    lines.end()
