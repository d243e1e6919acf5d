"""Run statements on a few connections at once, each as soon as what it needs is there.

Two statements that Postgres would make wait for each other are never begun together: a
connection that waits for a lock does nothing, and two that wait for each other are a deadlock.
"""

from __future__ import annotations

import threading
from bisect import insort
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import psycopg

from backend.tablecopy.postgres.session import Session, translated

# What only changes the catalog is over in a moment, and others wait for it.
AT_ONCE = float("inf")


@dataclass(frozen=True)
class Step:
    """A statement, and what it locks: tables that it can share with its like, or must have alone.

    It waits until every step that gives what it `needs` has ended; `weight` is how much work there
    is in it and behind it.
    """

    text: str
    doing: str
    gives: frozenset[str] = frozenset()
    needs: frozenset[str] = frozenset()
    shared: frozenset[str] = frozenset()
    alone: frozenset[str] = frozenset()
    weight: float = AT_ONCE


OnStep = Callable[[Step], None]


class Steps:
    """What is still to do, the heaviest first, and what is being done.

    Each mark is known by the steps that have yet to give it and by those that wait for it, so that
    the end of one step is a matter of its own marks, however many steps there are.
    """

    def __init__(self, steps: Iterable[Step]) -> None:
        self.changed = threading.Condition()
        self._stopped = False
        self._running: list[Step] = []
        # In order; the first that locks nothing that somebody has is the next.
        self._ready: list[tuple[float, int, Step]] = []
        self._ungiven = Counter[str]()
        self._waiting: dict[str, list[_Waiting]] = {}
        everything = [_Waiting((-step.weight, n, step)) for n, step in enumerate(steps)]
        self._left = len(everything)
        for one in everything:
            self._ungiven.update(one.step.gives)
        for one in everything:
            self._wait_for_marks(one)

    def stop(self) -> None:
        """Begin nothing new."""
        with self.changed:
            self._stopped = True
            self.changed.notify_all()

    def take(self) -> Step | None:
        """Wait for a step that can run now; None when there is nothing left to do."""
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

    def done(self, step: Step) -> None:
        """Note that a step has ended."""
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
    """A step, where it stands in the order, and how many marks it has yet to wait for."""

    place: tuple[float, int, Step]
    missing: int = 0

    @property
    def step(self) -> Step:
        return self.place[2]


def _clash(one: Step, other: Step) -> bool:
    return bool(one.alone & other.alone or one.alone & other.shared or one.shared & other.alone)


def run_steps(steps: Steps, sessions: Sequence[Session], on_step: OnStep | None = None) -> None:
    """Run all steps; when one fails, stop the others and raise what it failed with."""
    with ThreadPoolExecutor(len(sessions)) as pool:
        futures = [pool.submit(_work, steps, session, on_step) for session in sessions]
        try:
            for future in futures:
                future.result()
        except BaseException:
            steps.stop()
            _cancel(sessions)
            raise


def _work(steps: Steps, session: Session, on_step: OnStep | None) -> None:
    while (step := steps.take()) is not None:
        try:
            with translated(step.doing):
                session.execute(step.text.encode())
        except BaseException:
            steps.stop()
            raise
        steps.done(step)
        if on_step is not None:
            on_step(step)


def _cancel(sessions: Iterable[Session]) -> None:
    for session in sessions:
        try:
            session.cancel_safe(timeout=5)
        except psycopg.Error:
            session.close()
