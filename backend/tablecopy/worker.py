"""One worker: a process with its own connection to the source and its own session on the target.

Its tasks, and the address of the target, come through a pipe, so that neither its arguments nor its
environment show a secret. It ends when the pipe is closed, and at once when its parent has ended.
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
from backend.db.session import Session
from backend.db.snapshot import join_snapshot
from backend.db.sqlite_reader import file_errors
from backend.errors import AppError
from backend.tablecopy.sqlite.connection import SourceConnection, SourceHandle
from backend.tablecopy.sqlite.connection import connect as connect_source
from backend.tablecopy.target import Target, connect

if TYPE_CHECKING:
    Pipe = pipes.Connection[Any, Any]  # Any: whatever can be pickled goes through it

_SETTINGS = {
    # Nobody sees the rows before the swap, whose own commit waits for all earlier ones.
    "synchronous_commit": "off",
    # Ranges are read in the order of an index; the planner may not know how few rows they hold.
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
}


class WorkerTask(Protocol):
    """Something to do in a worker; the task and its result are pickled."""

    def run(self, worker: Worker) -> Any:  # Any: each kind of task has its own result
        """Do the task and return its result."""


@dataclass(frozen=True)
class OpenSource:
    """The task of opening the source anew, through this handle."""

    handle: SourceHandle

    def run(self, worker: Worker) -> None:
        """Open it in this worker."""
        worker.open_source(self.handle)


@dataclass(frozen=True)
class JoinSnapshot:
    """The task of seeing the target in this snapshot from now on."""

    snapshot: str

    def run(self, worker: Worker) -> None:
        """Join it in this worker."""
        join_snapshot(worker.session, self.snapshot)


class Worker:
    """What a task can use in the process that runs it."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._reader: SourceConnection | None = None
        self._session: Session | None = None

    @property
    def reader(self) -> SourceConnection:
        """The source, in the snapshot that all workers see."""
        assert self._reader is not None, "the source has not been opened"  # noqa: S101 - our order
        return self._reader

    @property
    def source(self) -> Path:
        """The file that is read, for messages."""
        return self._reader.path if self._reader else Path("the source")

    @property
    def session(self) -> Session:
        """A session on the target, opened at its first use."""
        if self._session is None:
            self._session = connect(self._target, name="tablecopy:worker", **_SETTINGS)
        return self._session

    def open_source(self, handle: SourceHandle) -> None:
        """Open the source, and close the connection to it that is open."""
        if self._reader is not None:
            self._reader.close()
        self._reader = connect_source(handle)


def work(pipe: Pipe, target: Target) -> None:
    """Run the tasks that come through the pipe until it is closed."""
    # Ctrl-C reaches the whole process group: our parent decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Our parent ends us by this one, for which it may have a handler of its own.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    # Memory from before the fork stays shared: collecting garbage would write to it.
    gc.freeze()
    threading.Thread(target=_die_with_parent, daemon=True).start()
    worker = Worker(target)
    with without_noise(), suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            task: WorkerTask = pipe.recv()
            pipe.send(_answer(task, worker))


def _answer(task: WorkerTask, worker: Worker) -> tuple[Any, AppError | None]:  # as WorkerTask.run
    try:
        with file_errors(worker.source):
            return task.run(worker), None
    except AppError as error:
        # Its cause, a driver's error, cannot be pickled; the message has what matters of it.
        error.__cause__ = error.__context__ = None
        return None, error


def _die_with_parent() -> None:
    """End this process at once when its parent has ended."""
    parent = parent_process()
    if parent is not None:
        pipes.wait([parent.sentinel])
        os._exit(1)
