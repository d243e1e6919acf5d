"""Throttles: how often a try may fail in an hour, for an account, a network, or both.

The counters are rows of the database (`throttle_rows`), so that all processes count together. A
try is counted as failed before anybody knows how it ends, so that a hundred at once are counted as
well as a hundred in a row; success takes that back. Beyond its limit a counter lets one try a
minute through, and never none.

Nothing here asks whether an account exists: counters are kept for whatever address is tried.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy.exc import IntegrityError

from backend.db.transactions import writing
from backend.db.types import utc_now
from backend.errors import TransientError
from backend.models import Action, Throttle
from backend.services import throttle_rows
from backend.services.errors import TooManyTries
from backend.services.throttle_rows import ThrottleKey

FROM_ONE_NETWORK = 10
FROM_ANYWHERE = 100
OF_A_NETWORK = 50
_TIDY_ONE_IN = 20
_COLLISIONS = 5

T = TypeVar("T")
Limits = dict[ThrottleKey, int]


@dataclass(frozen=True)
class ThrottleAttempt:
    """One try of an action, and the limits of the counters that it adds to.

    `own` counts what this account did from this network, `others` what it shares with others.
    """

    action: Action
    own: Limits
    others: Limits


@dataclass(frozen=True)
class Failures:
    """How often tries have failed in the last hour.

    `of_network` are those of everybody in the network; where that is unknown, the account's own.
    """

    of_network: int
    own: int


@dataclass(frozen=True)
class ThrottleState:
    """What the counters say about an attempt."""

    # Until the counters that are shared with others allow another try.
    seconds: int
    is_known: bool
    is_first: bool


def login(account: str, network: str | None) -> ThrottleAttempt:
    """Return the attempt to log in to an account."""
    name = _digest(account)
    if network is None:
        return ThrottleAttempt(Action.LOGIN, {(name, ""): FROM_ANYWHERE}, {})
    others = {(name, ""): FROM_ANYWHERE, ("", network): OF_A_NETWORK}
    return ThrottleAttempt(Action.LOGIN, {(name, network): FROM_ONE_NETWORK}, others)


def sign_up(network: str | None) -> ThrottleAttempt:
    """Return the attempt to make an account."""
    return ThrottleAttempt(Action.SIGN_UP, {("", network): OF_A_NETWORK} if network else {}, {})


def look_up(person: str, network: str | None) -> ThrottleAttempt:
    """Return the attempt of somebody who is logged in to find an account by its address."""
    name = _digest(person)
    if network is None:
        return ThrottleAttempt(Action.LOOK_UP, {(name, ""): FROM_ONE_NETWORK}, {})
    own = {(name, network): FROM_ONE_NETWORK, (name, ""): FROM_ANYWHERE}
    return ThrottleAttempt(Action.LOOK_UP, own, {("", network): OF_A_NETWORK})


def failures(attempt: ThrottleAttempt) -> Failures:
    """Return what has failed before this attempt; counts nothing and locks nothing."""
    now = utc_now()
    counts = throttle_rows.counts(attempt.action, [*attempt.own, *attempt.others], now)
    own = max((counts.get(key, 0) for key in attempt.own), default=0)
    # What others do to the account from elsewhere says nothing about who tries now.
    of_network = [count for (account, _), count in counts.items() if not account]
    return Failures(max(of_network, default=own), own)


def begin(attempt: ThrottleAttempt) -> ThrottleState:
    """Count a try as failed, in a transaction of its own, and return the counters' state.

    Raises:
        TooManyTries: it is not to be made now; nothing was counted.
    """
    if secrets.randbelow(_TIDY_ONE_IN) == 0:
        throttle_rows.tidy()
    return _written(lambda: _begin(attempt, utc_now()))


def succeeded(attempt: ThrottleAttempt, state: ThrottleState) -> None:
    """Take a try back, and remember that the account has logged in from this network."""

    def note() -> None:
        _uncount(attempt, state)
        _note_login(attempt, utc_now())

    _written(note)


def at_home(attempt: ThrottleAttempt) -> None:
    """Remember that the account has logged in from this network."""
    _written(lambda: _note_login(attempt, utc_now()))


def take_back(attempt: ThrottleAttempt, state: ThrottleState) -> None:
    """Take a try back."""
    _written(lambda: _uncount(attempt, state))


def _written(work: Callable[[], T]) -> T:
    """Run `work` in a transaction of its own, again if another try added the same row."""
    for _ in range(_COLLISIONS):
        with suppress(IntegrityError), writing():
            return work()
    raise TransientError("the counters of tries are busy", hint="try again in a moment")


def _begin(attempt: ThrottleAttempt, now: datetime) -> ThrottleState:
    rows = throttle_rows.find(attempt.action, [*attempt.own, *attempt.others])
    waiting = _longest(rows, attempt.own, now)
    if waiting:
        raise TooManyTries("too many tries", seconds=waiting)
    own = [rows[key] for key in attempt.own if key in rows]
    state = ThrottleState(
        seconds=_longest(rows, attempt.others, now),
        is_known=any(throttle_rows.is_known(row, now) for row in own),
        is_first=not any(throttle_rows.failures(row, now) for row in own),
    )
    for key in _counted(attempt, state):
        row = rows.get(key) or throttle_rows.add(attempt.action, key, now)
        throttle_rows.count_up(row, now)
    return state


def _longest(rows: dict[ThrottleKey, Throttle], limits: Limits, now: datetime) -> int:
    """Return the seconds until every one of these counters allows another try."""
    found = [(rows[key], limit) for key, limit in limits.items() if key in rows]
    return max((throttle_rows.wait(row, limit, now) for row, limit in found), default=0)


def _counted(attempt: ThrottleAttempt, state: ThrottleState) -> list[ThrottleKey]:
    """Return the counters that a try is added to: what others have used up stays as it is."""
    return sorted([*attempt.own, *([] if state.seconds else attempt.others)])


def _uncount(attempt: ThrottleAttempt, state: ThrottleState) -> None:
    for row in throttle_rows.find(attempt.action, _counted(attempt, state)).values():
        row.failures = max(0, row.failures - 1)


def _note_login(attempt: ThrottleAttempt, now: datetime) -> None:
    keys = [key for key in attempt.own if key[1]]
    rows = throttle_rows.find(attempt.action, keys)
    for key in keys:
        throttle_rows.note_login(rows.get(key) or throttle_rows.add(attempt.action, key, now), now)


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
