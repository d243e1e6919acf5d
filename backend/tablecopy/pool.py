"""A pool of worker processes that share tasks."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from multiprocessing import connection as pipes
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar

from backend.db.session import Session
from backend.errors import DatabaseError
from backend.tablecopy.sqlite.connection import SourceConnection, SourceHandle
from backend.tablecopy.sqlite.source import Source
from backend.tablecopy.target import Target
from backend.tablecopy.worker import JoinSnapshot, OpenSource, Worker, WorkerTask, work
from backend.tablecopy.worker_start import start_context

if TYPE_CHECKING:
    from backend.tablecopy.worker import Pipe

# Tasks of a worker: one runs and one waits in the pipe, so that it never waits for us.
_AHEAD = 2
_SECONDS_TO_END = 5.0

T = TypeVar("T", bound=WorkerTask)


class Runner(Protocol):
    """Runs tasks, in workers or in this process."""

    def run(self, tasks: Iterable[T]) -> Iterator[tuple[T, Any]]:  # Any: as WorkerTask.run
        """Run all tasks; yield each with its result."""


class LocalRunner(Worker):
    """A runner in this process, whose tasks use one session and so one transaction."""

    def __init__(self, reader: SourceConnection, session: Session) -> None:
        self._reader = reader
        self._session = session

    def run(self, tasks: Iterable[T]) -> Iterator[tuple[T, Any]]:  # Any: as WorkerTask.run
        """Run the tasks one after the other."""
        for task in tasks:
            yield task, task.run(self)


@dataclass
class _Member:
    """A worker as its parent sees it, with the tasks that it was sent and has not finished."""

    process: BaseProcess
    pipe: Pipe
    pending: deque[Any] = field(default_factory=deque)

    def send(self, task: WorkerTask) -> None:
        try:
            self.pipe.send(task)
        except OSError:
            raise _ended(self) from None
        self.pending.append(task)


class Pool:
    """Workers that all see one state of the source; leaving the block ends them.

    `source` is in the snapshot that they see.

    Raises:
        DatabaseError: a worker has ended too early.
        AppError: a task has failed in a worker.
    """

    def __init__(self, source: Source, target: Target, *, workers: int) -> None:
        self._source = source
        self._target = target
        self._size = workers
        self._members: list[_Member] = []

    def __enter__(self) -> Self:
        try:
            workers = start_context()
            for _ in range(self._size):
                ours, theirs = workers.Pipe()
                process = workers.Process(target=work, args=(theirs, self._target), daemon=True)
                process.start()
                theirs.close()
                self._members.append(_Member(process, ours))
            self._source.gather(self._open_source)
        except BaseException:
            self._end(kindly=False)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end(kindly=kind is None)

    def run(self, tasks: Iterable[T]) -> Iterator[tuple[T, Any]]:  # Any: as WorkerTask.run
        """Let the workers run all tasks in this order; yield each with its result when done."""
        waiting = iter(tasks)
        while True:
            self._hand_out(waiting)
            busy = [member for member in self._members if member.pending]
            if not busy:
                return
            for member in _ready(busy):
                answer = _received(member)
                yield member.pending.popleft(), answer

    def join_snapshot(self, snapshot: str) -> None:
        """Let all workers see this snapshot of the target until they end."""
        self._send_all(JoinSnapshot(snapshot))

    def _open_source(self, handle: SourceHandle) -> None:
        self._send_all(OpenSource(handle))

    def _send_all(self, task: WorkerTask) -> None:
        for member in self._members:
            member.send(task)
        for member in self._members:
            _received(member)
            member.pending.popleft()

    def _hand_out(self, waiting: Iterator[WorkerTask]) -> None:
        """Send tasks to all workers in turn until each has enough."""
        for ahead in range(1, _AHEAD + 1):
            for member in self._members:
                if len(member.pending) < ahead:
                    task = next(waiting, None)
                    if task is None:
                        return
                    member.send(task)

    def _end(self, *, kindly: bool) -> None:
        for member in self._members:
            member.pipe.close()
            if not kindly:
                member.process.terminate()
        for member in self._members:
            member.process.join(_SECONDS_TO_END)
            if member.process.is_alive():
                member.process.kill()
                member.process.join()


def _ready(busy: list[_Member]) -> list[_Member]:
    """Wait until a worker has answered or has ended; its answers come first."""
    happened = pipes.wait([thing for one in busy for thing in (one.pipe, one.process.sentinel)])
    return [one for one in busy if one.pipe in happened or one.process.sentinel in happened]


def _received(member: _Member) -> Any:  # as WorkerTask.run
    try:
        answer, error = member.pipe.recv()
    except (EOFError, OSError):
        raise _ended(member) from None
    if error is not None:
        raise error
    return answer


def _ended(member: _Member) -> DatabaseError:
    member.process.join(_SECONDS_TO_END)
    code = member.process.exitcode
    how = f"was killed by signal {-code}" if code is not None and code < 0 else f"ended with {code}"
    return DatabaseError(
        f"a worker process {how} in the middle of its work",
        hint="was memory short? the target is as it was: run it again",
    )
