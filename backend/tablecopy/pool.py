"""A few worker processes that share out what there is to do."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from multiprocessing import connection as pipes
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar

from backend.errors import DatabaseError
from backend.tablecopy.postgres.session import Session, Target
from backend.tablecopy.sqlite.connection import SourceConnection, SourceHandle
from backend.tablecopy.sqlite.source import Source
from backend.tablecopy.worker import Begin, Join, Task, Worker, work
from backend.tablecopy.worker_start import context

if TYPE_CHECKING:
    from backend.tablecopy.worker import Pipe

# One that runs and one that waits in the pipe: a worker never waits for us.
_AHEAD = 2
_SECONDS_TO_END = 5.0

T = TypeVar("T", bound=Task)


class Runner(Protocol):
    """Whoever does tasks."""

    def run(self, tasks: Iterable[T]) -> Iterator[tuple[T, Any]]:  # Any: as Task.run
        """Do all tasks; yield each with its answer when done."""


class OneSession(Worker):
    """A runner in this process, whose tasks are all part of one transaction of one session."""

    def __init__(self, reader: SourceConnection, session: Session) -> None:
        self._reader = reader
        self._session = session

    def run(self, tasks: Iterable[T]) -> Iterator[tuple[T, Any]]:  # Any: as Task.run
        """Do them one after the other."""
        for task in tasks:
            yield task, task.run(self)


@dataclass
class _Member:
    """A worker as its parent sees it: what it was told and has not answered yet."""

    process: BaseProcess
    pipe: Pipe
    told: deque[Any] = field(default_factory=deque)

    def tell(self, task: Task) -> None:
        try:
            self.pipe.send(task)
        except OSError:
            raise _ended(self) from None
        self.told.append(task)


class Pool:
    """Workers that all see one state of the source; leaving the block ends them.

    From the first moment on, `source` is in the state that they see.

    Raises:
        DatabaseError: a worker has ended before its time.
        AppError: whatever went wrong in one of them.
    """

    def __init__(self, source: Source, target: Target, *, workers: int) -> None:
        self._source = source
        self._target = target
        self._size = workers
        self._members: list[_Member] = []

    def __enter__(self) -> Self:
        try:
            workers = context()
            for _ in range(self._size):
                ours, theirs = workers.Pipe()
                process = workers.Process(target=work, args=(theirs, self._target), daemon=True)
                process.start()
                theirs.close()
                self._members.append(_Member(process, ours))
            self._source.gather(self._begin)
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

    def run(self, tasks: Iterable[T]) -> Iterator[tuple[T, Any]]:  # Any: as Task.run
        """Let the workers do all tasks, the first first; yield each with its answer when done."""
        waiting = iter(tasks)
        while True:
            self._hand_out(waiting)
            busy = [member for member in self._members if member.told]
            if not busy:
                return
            for member in _ready(busy):
                answer = _received(member)
                yield member.told.popleft(), answer

    def join(self, moment: str) -> None:
        """Let all workers see one moment of the target, until they end."""
        self._tell_all(Join(moment))

    def _begin(self, handle: SourceHandle) -> None:
        self._tell_all(Begin(handle))

    def _tell_all(self, task: Task) -> None:
        for member in self._members:
            member.tell(task)
        for member in self._members:
            _received(member)
            member.told.popleft()

    def _hand_out(self, waiting: Iterator[Task]) -> None:
        """Give everybody enough to do, in turn."""
        for ahead in range(1, _AHEAD + 1):
            for member in self._members:
                if len(member.told) < ahead:
                    task = next(waiting, None)
                    if task is None:
                        return
                    member.tell(task)

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
    """Wait until a worker has answered or has died; an answer comes before a death."""
    happened = pipes.wait([thing for one in busy for thing in (one.pipe, one.process.sentinel)])
    return [one for one in busy if one.pipe in happened or one.process.sentinel in happened]


def _received(member: _Member) -> Any:  # as Task.run
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
