"""The queue in front of computing passwords: who computes, who waits, who is refused.

Each takes 32 MB and a quarter of a second of one processor. So the whole container computes only
as many at once as its processors carry; a few requests of each process wait, and the rest is
refused at once. Of those that wait, the network that has failed least in the last hour comes first,
as the database counts it for all processes; then one in which somebody is at home, whoever it is
that logs in; then the one that appeared later. So a flood stands in its own way, and not in that of
a login from elsewhere.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from flask import current_app

from backend.db.watchdog import away_from_database
from backend.services.errors import TooBusy
from backend.services.password_slots import Slots
from backend.services.throttles import Failures

EXTENSION = "hesap_paylas_admission"
WAIT_SECONDS = 8.0
# The other processes of the container look this often whether a slot is free.
POLL_SECONDS = 0.01
# So long a process leaves a slot alone that it has just used, so that each gets its turn.
STEP_ASIDE_SECONDS = 0.03
REMEMBERED_SECONDS = 600.0
HOMES_SECONDS = 10.0
MOST_REMEMBERED = 10_000


Homes = Collection[str]


@dataclass(frozen=True)
class Origin:
    """The network that a try comes from, if known, and the account that it names."""

    network: str | None
    account: str

    @property
    def lane(self) -> object:
        """Return what appears in the queue as one: the network, or else this origin."""
        return self.network or self


@dataclass(eq=False)
class _Waiter:
    origin: Origin
    number: int
    failures: Failures
    refused: bool = False


class Admission:
    """The queue of one process, in front of the slots that all processes share.

    `capacity` is how many tries it takes in, those that are computing included.
    """

    def __init__(self, slots: Slots, *, capacity: int, find_homes: Callable[[], Homes]) -> None:
        self._slots = slots
        self._find_homes = find_homes
        self._homes: Homes = frozenset()
        self._look_again = 0.0
        self._capacity = capacity
        self._computing = 0
        self._waiting: list[_Waiter] = []
        self._appearances = _Appearances()
        self._number = 0
        self._not_before = 0.0
        self._changed = threading.Condition()

    @contextmanager
    def turn(self, origin: Origin, failures: Failures) -> Iterator[None]:
        """Wait for a turn at computing, and hold it for the block.

        Raises:
            TooBusy: too many are waiting who have failed less, or the wait took too long.
        """
        self._know_homes()
        with away_from_database():
            slot = self._wait(self._enter(origin, failures))
        try:
            yield
        finally:
            self._leave(slot)

    def _know_homes(self) -> None:
        if time.monotonic() > self._look_again:
            self._look_again = time.monotonic() + HOMES_SECONDS
            self._homes = self._find_homes()

    def _enter(self, origin: Origin, failures: Failures) -> _Waiter:
        with self._changed:
            self._number += 1
            waiter = _Waiter(origin, self._number, failures)
            self._appearances.note(origin.lane, self._number)
            self._waiting.append(waiter)
            if self._computing + len(self._waiting) > self._capacity:
                self._refuse(max(self._waiting, key=self._rank))
            return waiter

    def _wait(self, waiter: _Waiter) -> int:
        until = time.monotonic() + WAIT_SECONDS
        with self._changed, self._leaving_queue(waiter):
            while not waiter.refused:
                slot = self._slot_for(waiter)
                if slot is not None:
                    return slot
                if time.monotonic() > until:
                    self._refuse(waiter)
                self._changed.wait(POLL_SECONDS)
        raise TooBusy("too many people are logging in at this moment", seconds=3)

    @contextmanager
    def _leaving_queue(self, waiter: _Waiter) -> Iterator[None]:
        """Remove a waiter from the queue when it leaves the block, whatever went wrong."""
        try:
            yield
        finally:
            if waiter in self._waiting:
                self._waiting.remove(waiter)

    def _slot_for(self, waiter: _Waiter) -> int | None:
        early = time.monotonic() < self._not_before
        if early or waiter is not min(self._waiting, key=self._rank):
            return None
        slot = self._slots.take()
        if slot is not None:
            self._waiting.remove(waiter)
            self._computing += 1
        return slot

    def _leave(self, slot: int) -> None:
        with self._changed:
            self._computing -= 1
            self._not_before = time.monotonic() + STEP_ASIDE_SECONDS
            self._slots.give_back(slot)
            self._changed.notify_all()

    def _refuse(self, waiter: _Waiter) -> None:
        waiter.refused = True
        self._waiting.remove(waiter)
        self._changed.notify_all()

    def _rank(self, waiter: _Waiter) -> tuple[int, bool, int, int, int]:
        failures, origin = waiter.failures, waiter.origin
        is_strange = origin.network not in self._homes
        appeared = self._appearances.of(origin.lane)
        return failures.of_network, is_strange, -appeared, failures.own, waiter.number


class _Appearances:
    """When each lane first came to this process, remembered for some minutes."""

    def __init__(self) -> None:
        self._since = time.monotonic()
        self._now: dict[object, int] = {}
        self._before: dict[object, int] = {}

    def note(self, lane: object, number: int) -> None:
        """Remember a lane by the number of its first try."""
        is_old = time.monotonic() > self._since + REMEMBERED_SECONDS
        if is_old or len(self._now) > MOST_REMEMBERED:
            self._since = time.monotonic()
            self._before, self._now = self._now, {}
        self._now.setdefault(lane, self._before.get(lane, number))

    def of(self, lane: object) -> int:
        """Return the number of a lane's first try; 0 if it is not remembered."""
        return self._now.get(lane) or self._before.get(lane, 0)


def admission() -> Admission:
    """Return the queue of this process."""
    found: Admission = current_app.extensions[EXTENSION]
    return found
