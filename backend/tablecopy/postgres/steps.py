"""Run statements on a few connections at once, each as soon as what it needs is there.

Two statements that Postgres would make wait for each other are never begun together: a
connection that waits for a lock does nothing, and two that wait for each other are a deadlock.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

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


@dataclass
class Steps:
    """What is still to do, the heaviest first, and what is being done."""

    waiting: list[Step]
    running: list[Step] = field(default_factory=list)
    stopped: bool = False
    changed: threading.Condition = field(default_factory=threading.Condition)

    def stop(self) -> None:
        """Begin nothing new."""
        with self.changed:
            self.stopped = True
            self.changed.notify_all()

    def take(self) -> Step | None:
        """Wait for a step that can run now; None when there is nothing left to do."""
        with self.changed:
            while self.waiting and not self.stopped:
                step = next(filter(self._can_run, self.waiting), None)
                if step is not None:
                    self.waiting.remove(step)
                    self.running.append(step)
                    return step
                self.changed.wait()
        return None

    def done(self, step: Step) -> None:
        """Note that a step has ended."""
        with self.changed:
            self.running.remove(step)
            self.changed.notify_all()

    def _can_run(self, step: Step) -> bool:
        return all(
            step.needs.isdisjoint(other.gives) for other in (*self.waiting, *self.running)
        ) and not any(
            step.alone & (other.alone | other.shared) or step.shared & other.alone
            for other in self.running
        )


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
