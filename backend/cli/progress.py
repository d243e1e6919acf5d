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


class _Both:
    """For a person whose run also keeps a log."""

    def __init__(self, *watchers: Watcher) -> None:
        self._watchers = watchers

    def stage(self, name: str, rows: int = 0) -> None:
        """Pass it on."""
        for watcher in self._watchers:
            watcher.stage(name, rows)

    def advance(self, table: str, rows: int) -> None:
        """Pass it on."""
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
