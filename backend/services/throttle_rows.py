"""The rows of throttles: find and lock, count up, expire."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, tuple_

from backend.db.extension import db
from backend.db.transactions import writing
from backend.db.types import utc_now
from backend.models import Action, Throttle

WINDOW = timedelta(hours=1)
BEYOND = timedelta(minutes=1)
KNOWN_FOR = timedelta(days=30)
# So many rows hold more tries than a server can compute in an hour.
MOST_ROWS = 200_000
_AT_ONCE = 1_000

# An account and a network; empty where all count together.
ThrottleKey = tuple[str, str]


def find(action: Action, keys: list[ThrottleKey]) -> dict[ThrottleKey, Throttle]:
    """Return the rows that are there, locked in one order, so that no tries block each other."""
    named = tuple_(Throttle.account, Throttle.network).in_(sorted(keys))
    found = db.session.scalars(
        select(Throttle)
        .where(Throttle.action == action, named)
        .order_by(Throttle.account, Throttle.network)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {(row.account, row.network): row for row in found}


def counts(action: Action, keys: list[ThrottleKey], now: datetime) -> dict[ThrottleKey, int]:
    """Return the failures of the rows that are there, without locking any."""
    named = tuple_(Throttle.account, Throttle.network).in_(keys)
    query = select(Throttle).where(Throttle.action == action, named)
    found = db.session.scalars(query).all() if keys else ()
    return {(row.account, row.network): failures(row, now) for row in found}


def homes() -> frozenset[str]:
    """Return the networks in which any account has logged in lately."""
    is_home = (Throttle.network != "") & (Throttle.logged_in_at > utc_now() - KNOWN_FOR)
    found = frozenset(db.session.scalars(select(Throttle.network).where(is_home).distinct()))
    db.session.commit()
    return found


def add(action: Action, key: ThrottleKey, now: datetime) -> Throttle:
    """Add a row that has counted nothing."""
    account, network = key
    row = Throttle(action=action, account=account, network=network, failures=0)
    row.since = row.tried_at = row.expires_at = now
    db.session.add(row)
    return row


def failures(row: Throttle, now: datetime) -> int:
    """Return how often it failed within the hour that began with the first failure.

    A stamp far ahead is from before the clock was put back, and says nothing.
    """
    return row.failures if abs(now - row.since) < WINDOW else 0


def wait(row: Throttle, limit: int, now: datetime) -> int:
    """Return the seconds until a counter allows another try."""
    if failures(row, now) < limit or abs(now - row.tried_at) > BEYOND:
        return 0
    return max(0, math.ceil((row.tried_at + BEYOND - now).total_seconds()))


def is_known(row: Throttle, now: datetime) -> bool:
    """Tell whether the account has logged in from this network lately."""
    return row.logged_in_at is not None and row.logged_in_at > now - KNOWN_FOR


def count_up(row: Throttle, now: datetime) -> None:
    """Count a failure; the first one begins an hour."""
    row.failures = failures(row, now)
    if not row.failures:
        row.since = now
    row.failures += 1
    row.tried_at = now
    row.expires_at = max(row.expires_at, row.since + WINDOW)


def note_login(row: Throttle, now: datetime) -> None:
    """Forget the failures, and remember for a month that the account is at home here."""
    row.failures, row.logged_in_at = 0, now
    row.expires_at = now + KNOWN_FOR


def tidy() -> None:
    """Delete expired rows, and above `MOST_ROWS` those that would expire first."""
    key = tuple_(Throttle.action, Throttle.account, Throttle.network)
    # What a try holds at this moment is left for the next time.
    oldest = select(*key.clauses).order_by(Throttle.expires_at).with_for_update(skip_locked=True)
    with writing() as session:
        expired = oldest.where(Throttle.expires_at < utc_now()).limit(_AT_ONCE)
        session.execute(delete(Throttle).where(key.in_(expired)))
        rows = session.scalar(select(func.count()).select_from(Throttle)) or 0
        if rows > MOST_ROWS:
            session.execute(delete(Throttle).where(key.in_(oldest.limit(rows - MOST_ROWS))))
