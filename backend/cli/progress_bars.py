"""Progress on a terminal: one bar a stage, with rows per second and the time that is left."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, Task, TextColumn, TimeRemainingColumn
from rich.text import Text


class Bars:
    """The bar of the present stage."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._bar = progress.add_task("", visible=False, total=None, table="")

    def stage(self, name: str, rows: int = 0) -> None:
        """Replace the bar: one that has been given a total cannot lose it again."""
        self._progress.remove_task(self._bar)
        self._bar = self._progress.add_task(name, total=rows or None, table="")

    def advance(self, table: str, rows: int) -> None:
        """Move the bar by so many rows, and name the table beside it."""
        self._progress.update(self._bar, advance=rows, table=table)


class _Speed(TextColumn):
    """A column of rows done, and rows per second."""

    def __init__(self) -> None:
        super().__init__("")

    def render(self, task: Task) -> Text:
        """Return both, with separators between thousands; without a total the speed is left out."""
        speed = task.finished_speed or task.speed or 0
        rows = f"{task.completed:,.0f} of {task.total:,.0f} rows" if task.total else ""
        return Text(f"{rows}  {speed:,.0f}/s" if rows and speed else rows)


@contextmanager
def drawn(stream: TextIO) -> Iterator[Bars]:
    """Draw bars until the block ends, and then remove them."""
    columns = (
        TextColumn("{task.description:14}"),
        BarColumn(),
        _Speed(),
        TimeRemainingColumn(compact=True),
        TextColumn("{task.fields[table]}"),
    )
    with Progress(*columns, console=Console(file=stream), transient=True) as progress:
        yield Bars(progress)
