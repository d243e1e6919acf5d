"""Run DDL on a few connections at once, each statement as soon as its dependencies are met.

Two statements that would wait for each other's locks never run together: a connection that waits
does nothing, and two that wait for each other are a deadlock.
"""

from __future__ import annotations

import threading
from bisect import insort
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from backend.db.errors import PostgresError, translated
from backend.db.session import Session
from backend.db.sql import verbatim

# The weight of what only changes the catalog: it is quick, and others wait for it.
IMMEDIATE = float("inf")


@dataclass(frozen=True)
class DdlStep:
    """A statement, and the tables that it locks: `shared` with others of its kind, or `alone`.

    It waits until every step that gives a mark which it `needs` has ended; `weight` is how much
    work is in it and depends on it.
    """

    text: str
    doing: str
    gives: frozenset[str] = frozenset()
    needs: frozenset[str] = frozenset()
    shared: frozenset[str] = frozenset()
    alone: frozenset[str] = frozenset()
    weight: float = IMMEDIATE


class DdlQueue:
    """Steps that are waiting, the heaviest first, and steps that are running.

    Marks are indexed by the steps that wait for them, so that the end of a step costs as much as it
    has marks, however many steps there are.
    """

    def __init__(self, steps: Iterable[DdlStep]) -> None:
        self.changed = threading.Condition()
        self._stopped = False
        self._running: list[DdlStep] = []
        # In order; the first whose locks are free is the next.
        self._ready: list[tuple[float, int, DdlStep]] = []
        self._ungiven = Counter[str]()
        self._waiting: dict[str, list[_Waiting]] = {}
        everything = [_Waiting((-step.weight, n, step)) for n, step in enumerate(steps)]
        self._left = len(everything)
        for one in everything:
            self._ungiven.update(one.step.gives)
        for one in everything:
            self._wait_for_marks(one)

    def stop(self) -> None:
        """Start no further step."""
        with self.changed:
            self._stopped = True
            self.changed.notify_all()

    def take(self) -> DdlStep | None:
        """Wait for a step that can run now; None if no step is left."""
        with self.changed:
            while self._left and not self._stopped:
                for place, (_, _, step) in enumerate(self._ready):
                    if not any(_clash(step, other) for other in self._running):
                        del self._ready[place]
                        self._running.append(step)
                        self._left -= 1
                        return step
                self.changed.wait()
        return None

    def done(self, step: DdlStep) -> None:
        """Mark a step as ended."""
        with self.changed:
            self._running.remove(step)
            self._ungiven.subtract(step.gives)
            for mark in step.gives:
                if not self._ungiven[mark]:
                    for one in self._waiting.pop(mark, ()):
                        self._note(one)
            self.changed.notify_all()

    def _wait_for_marks(self, one: _Waiting) -> None:
        marks = [mark for mark in one.step.needs if self._ungiven[mark]]
        one.missing = len(marks)
        for mark in marks:
            self._waiting.setdefault(mark, []).append(one)
        if not marks:
            insort(self._ready, one.place)

    def _note(self, one: _Waiting) -> None:
        one.missing -= 1
        if not one.missing:
            insort(self._ready, one.place)


@dataclass
class _Waiting:
    """A step with its place in the order, and how many marks it still waits for."""

    place: tuple[float, int, DdlStep]
    missing: int = 0

    @property
    def step(self) -> DdlStep:
        return self.place[2]


def _clash(one: DdlStep, other: DdlStep) -> bool:
    return bool(one.alone & other.alone or one.alone & other.shared or one.shared & other.alone)


def run_queue(queue: DdlQueue, sessions: Sequence[Session]) -> None:
    """Run all steps; when one fails, stop the others and raise what it failed with."""
    with ThreadPoolExecutor(len(sessions)) as pool:
        futures = [pool.submit(_work, queue, session) for session in sessions]
        try:
            for future in futures:
                future.result()
        except BaseException:
            queue.stop()
            _cancel(sessions)
            raise


def _work(queue: DdlQueue, session: Session) -> None:
    while (step := queue.take()) is not None:
        try:
            with translated(step.doing):
                session.execute(verbatim(step.text))
        except BaseException:
            queue.stop()
            raise
        queue.done(step)


def _cancel(sessions: Iterable[Session]) -> None:
    for session in sessions:
        try:
            session.cancel_safe(timeout=5)
        except PostgresError:
            session.close()
