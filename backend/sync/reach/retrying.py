"""Run the whole again where the cause may pass: a sync that was cut off is repeatable."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import psycopg
from tenacity import (
    RetryCallState,
    Retrying,
    stop_after_attempt,
    wait_exponential_jitter,
)

from backend.db.errors import translate
from backend.errors import DatabaseError, LockHeldError, TransientError
from backend.sync.reach.troubles import not_accepted, underway
from backend.sync.replica.refusals import sqlite_refusal

TRIES = 4
_WAIT = wait_exponential_jitter(initial=1, max=20, jitter=1)

log = logging.getLogger(__name__)

T = TypeVar("T")


def with_retries(work: Callable[[], T], *, sleep: Callable[[float], None] = time.sleep) -> T:
    """Return what `work` returns; it opens its own connections, so that each try has new ones."""
    retrying = Retrying(
        stop=stop_after_attempt(TRIES),
        wait=_WAIT,
        retry=_may_pass,
        before_sleep=_log,
        sleep=sleep,
        reraise=True,
    )
    for attempt in retrying:
        with attempt, explained():
            return work()
    raise AssertionError("tenacity ends in a result or in the last error")


@contextmanager
def explained() -> Iterator[None]:
    """Turn what a driver says in the middle of a run into an error of ours, with what to do."""
    try:
        yield
    except DatabaseError as error:
        if not isinstance(error.__cause__, psycopg.Error):
            raise
        # Whoever translated it has said what was being done.
        known = underway(error.__cause__)
        raise type(known)(error.args[0], hint=known.hint) from error.__cause__
    except psycopg.Error as error:
        raise underway(error) from error
    except sqlite3.IntegrityError as error:
        raise not_accepted(sqlite_refusal(error)) from error
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise _of_sqlite(error) from error


def _of_sqlite(error: sqlite3.Error | UnicodeDecodeError) -> Exception:
    return translate(error) or DatabaseError(
        f"SQLite refuses a statement: {error}", hint="nothing of this run was kept"
    )


def _may_pass(state: RetryCallState) -> bool:
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, LockHeldError):
        # After a lost connection it is our own: the server has not yet noticed that we are gone.
        return state.attempt_number > 1
    return isinstance(error, TransientError)


def _log(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    said = error.args[0] if error else ""
    wait = f"{state.next_action.sleep:.1f}" if state.next_action else None
    log.warning(
        "%s; trying again",
        said,
        extra={"fields": {"try": f"{state.attempt_number + 1}/{TRIES}", "in_seconds": wait}},
    )
