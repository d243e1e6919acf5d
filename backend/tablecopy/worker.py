"""One worker: a process with its own view of the source and its own session on the target.

It is told what to do through a pipe, the way into the target included, so that neither its
arguments nor its environment show a secret. It ends when the pipe does, and when its parent is
gone, whatever it is doing.
"""

from __future__ import annotations

import gc
import os
import signal
import threading
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import connection as pipes
from multiprocessing import parent_process
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from backend.cli.driver_noise import without_noise
from backend.db.sqlite_reader import file_errors
from backend.errors import AppError
from backend.tablecopy.postgres.session import Session, Target, connect
from backend.tablecopy.snapshot import join
from backend.tablecopy.sqlite.connection import SourceConnection, SourceHandle
from backend.tablecopy.sqlite.connection import connect as connect_source

if TYPE_CHECKING:
    Pipe = pipes.Connection[Any, Any]  # Any: whatever can be pickled goes through it

_SETTINGS = {
    # Nobody sees the rows before the swap, whose own commit waits for all that came before it.
    "synchronous_commit": "off",
    # Ranges are read in the order of an index; how few rows they hold the planner may not know.
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
}


class Task(Protocol):
    """Something to do in a worker; it travels to it, and what it returns travels back."""

    def run(self, worker: Worker) -> Any:  # Any: each kind of task has its own answer
        """Do it."""


@dataclass(frozen=True)
class Begin:
    """Look at the source anew, through this handle."""

    handle: SourceHandle

    def run(self, worker: Worker) -> None:
        """Do it."""
        worker.look(self.handle)


@dataclass(frozen=True)
class Join:
    """From now on see the target as it was at this moment."""

    moment: str

    def run(self, worker: Worker) -> None:
        """Do it."""
        join(worker.session, self.moment)


class Worker:
    """What a task finds in the process that runs it."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._reader: SourceConnection | None = None
        self._session: Session | None = None

    @property
    def reader(self) -> SourceConnection:
        """The source, in the state that all workers see."""
        assert self._reader is not None, "the source has not been opened"  # noqa: S101 - our order
        return self._reader

    @property
    def source(self) -> Path:
        """The file that is read, for messages."""
        return self._reader.path if self._reader else Path("the source")

    @property
    def session(self) -> Session:
        """A session on the target, opened when it is asked for first."""
        if self._session is None:
            self._session = connect(self._target, name="tablecopy:worker", **_SETTINGS)
        return self._session

    def look(self, handle: SourceHandle) -> None:
        """Open the source, or open it anew."""
        if self._reader is not None:
            self._reader.close()
        self._reader = connect_source(handle)


def work(pipe: Pipe, target: Target) -> None:
    """Run what comes through the pipe until it ends."""
    # Ctrl-C goes to the whole group: our parent decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # And ends us by this, which it may have given another meaning for itself.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    # What was loaded before the fork stays shared: looking for garbage in it would write to it.
    gc.freeze()
    threading.Thread(target=_die_with_parent, daemon=True).start()
    worker = Worker(target)
    with without_noise(), suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            task: Task = pipe.recv()
            pipe.send(_answer(task, worker))


def _answer(task: Task, worker: Worker) -> tuple[Any, AppError | None]:  # as Task.run
    try:
        with file_errors(worker.source):
            return task.run(worker), None
    except AppError as error:
        # What it came from (a driver's error) could not travel, and has been told already.
        error.__cause__ = error.__context__ = None
        return None, error


def _die_with_parent() -> None:
    """End this process, in the middle of anything, when its parent is no more."""
    parent = parent_process()
    if parent is not None:
        pipes.wait([parent.sentinel])
        os._exit(1)
