"""Run everything again where the cause may pass: a sync that was cut off is repeatable."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from tenacity import RetryCallState, Retrying, stop_after_attempt, wait_exponential_jitter

from backend.db.errors import (
    CONNECTION_LOST,
    MISSING_RIGHT,
    SQLITE_ROW_REFUSED,
    STATEMENT_TIMED_OUT,
    PostgresError,
    SQLiteError,
    missing_right_hint,
    sqlstate,
    translate,
)
from backend.errors import AppError, DatabaseError, LockHeldError, TransientError
from backend.sync.replica.refusals import postgres_refusal, refusal_error, sqlite_refusal

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
    """Turn a driver's error in the middle of a run into one of ours that says what to do."""
    try:
        yield
    except DatabaseError as error:
        if not isinstance(error.__cause__, PostgresError):
            raise
        # Whoever translated it has said what was being done.
        known = _postgres_error(error.__cause__)
        raise type(known)(error.args[0], hint=known.hint) from error.__cause__
    except PostgresError as error:
        raise _postgres_error(error) from error
    except SQLITE_ROW_REFUSED as error:
        raise refusal_error(sqlite_refusal(error)) from error
    except (SQLiteError, UnicodeDecodeError) as error:
        raise translate(error) or DatabaseError(
            f"SQLite refuses a statement: {error}", hint="nothing of this run was kept"
        ) from error


def _postgres_error(error: PostgresError) -> AppError:
    """Return what broke after the login: the run, which can be repeated, is over."""
    if isinstance(error, STATEMENT_TIMED_OUT):
        return TransientError(
            "the server took too long over one statement",
            hint="a free plan is slow: wait and run it again, or take smaller batches, as in"
            " --batch-size 50",
        )
    if (refusal := postgres_refusal(error)) is not None:
        return refusal_error(refusal)
    said = error.diag.message_primary or sqlstate(error)
    if isinstance(error, MISSING_RIGHT):
        return DatabaseError(f"the login lacks a right: {said}", hint=missing_right_hint(said))
    if isinstance(error, CONNECTION_LOST) and not sqlstate(error):
        return TransientError(
            "the connection to the server was lost",
            hint="see whether this machine is online, then run it again: what was written is whole",
        )
    return translate(error) or DatabaseError(f"the server refuses a statement: {said}")


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
