"""For somebody who waits: one bar a stage, with rows per second and the time that is left."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

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


class Bars:
    """For a person: a bar that moves."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._bar = progress.add_task("", visible=False, total=None, table="")

    def stage(self, name: str, rows: int = 0) -> None:
        """Start another bar: one that knew its end cannot forget it."""
        self._progress.remove_task(self._bar)
        self._bar = self._progress.add_task(name, total=rows or None, table="")

    def advance(self, table: str, rows: int) -> None:
        """Move it."""
        self._progress.update(self._bar, advance=rows, table=table)


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


class _Speed(TextColumn):
    """Rows and rows per second."""

    def __init__(self) -> None:
        super().__init__("")

    def render(self, task: Task) -> Text:
        """Return both, with separators that people can read."""
        speed = task.finished_speed or task.speed or 0
        rows = f"{task.completed:,.0f} of {task.total:,.0f} rows" if task.total else ""
        return Text(f"{rows}  {speed:,.0f}/s" if rows and speed else rows)


@contextmanager
def watching(stream: TextIO) -> Iterator[Watcher]:
    """Log a line for each stage; where `stream` is a terminal, show bars too."""
    lines = Lines()
    if not stream.isatty():
        yield lines
        lines.end()
        return
    columns = (
        TextColumn("{task.description:14}"),
        BarColumn(),
        _Speed(),
        TimeRemainingColumn(compact=True),
        TextColumn("{task.fields[table]}"),
    )
    with Progress(*columns, console=Console(file=stream), transient=True) as progress:
        yield _Both(lines, Bars(progress))
    lines.end()
