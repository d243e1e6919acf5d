"""What may pass is tried again, and nothing else; each try is a line of the log."""

import logging
import sqlite3

import psycopg
import pytest

from backend.errors import DatabaseError, DataError, LockHeldError, RefusedError, TransientError
from backend.sync.retries import TRIES, with_retries


class Work:
    """Fails with these errors, one a try, then succeeds."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.tries = 0

    def __call__(self) -> str:
        self.tries += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"


class Clock:
    """Sleeps without taking time."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.slept.append(seconds)


LOST = TransientError("the connection was lost")


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(LOST, id="ours"),
        pytest.param(psycopg.OperationalError("server closed the connection"), id="lost"),
        pytest.param(psycopg.errors.SerializationFailure(), id="serialization"),
        pytest.param(psycopg.errors.DeadlockDetected(), id="deadlock"),
        pytest.param(psycopg.errors.QueryCanceled(), id="statement timeout"),
    ],
)
def test_what_may_pass_is_tried_again(error: Exception) -> None:
    work = Work(error, error)

    assert with_retries(work, sleep=Clock()) == "done"
    assert work.tries == 3


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(DatabaseError("wrong user or password"), id="wrong password"),
        pytest.param(RefusedError("a pooler"), id="refusal"),
        pytest.param(LockHeldError("somebody is syncing"), id="somebody else"),
        pytest.param(psycopg.errors.InvalidPassword(), id="28P01"),
        pytest.param(psycopg.errors.UndefinedTable(), id="no such table"),
        pytest.param(ValueError("a mistake of ours"), id="mistake"),
    ],
)
def test_what_does_not_pass_is_said_at_once(error: Exception) -> None:
    work, clock = Work(error), Clock()

    with pytest.raises(Exception) as caught:  # noqa: PT011 - whichever it was
        with_retries(work, sleep=clock)

    assert (work.tries, clock.slept) == (1, [])
    assert not isinstance(caught.value, psycopg.Error)


def test_what_a_side_has_said_is_kept_and_advice_is_added() -> None:
    def work() -> None:
        try:
            raise psycopg.errors.QueryCanceled
        except psycopg.Error as error:
            raise DatabaseError("writing to postgresql://me@host: too late") from error

    with pytest.raises(TransientError) as caught:
        with_retries(work, sleep=Clock())

    assert caught.value.args[0] == "writing to postgresql://me@host: too late"
    assert "--batch-size 50" in caught.value.hint


def test_the_waits_grow_and_end() -> None:
    work, clock = Work(*[LOST] * 10), Clock()

    with pytest.raises(TransientError, match="the connection was lost"):
        with_retries(work, sleep=clock)

    assert work.tries == TRIES
    assert [1 <= clock.slept[0] <= 2, 2 <= clock.slept[1] <= 3, 4 <= clock.slept[2] <= 5] == [
        True
    ] * 3


def test_our_own_lock_that_the_server_has_not_yet_freed_is_waited_for() -> None:
    work = Work(LOST, LockHeldError("process 7 is syncing"))

    assert with_retries(work, sleep=Clock()) == "done"


def test_each_try_is_logged(caplog) -> None:
    caplog.set_level(logging.INFO)

    with_retries(Work(LOST, LOST), sleep=Clock())

    assert [record.getMessage() for record in caplog.records] == [
        "the connection was lost; trying again"
    ] * 2
    assert [record.fields["try"] for record in caplog.records] == ["2/4", "3/4"]


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(psycopg.errors.CheckViolation(), id="check"),
        pytest.param(psycopg.errors.NotNullViolation(), id="not null"),
        pytest.param(psycopg.errors.StringDataRightTruncation(), id="type"),
        pytest.param(sqlite3.IntegrityError("CHECK constraint failed: total"), id="SQLite's"),
    ],
)
def test_a_broken_rule_of_the_database_is_nobody_elses_write(error: Exception) -> None:
    work = Work(error)

    with pytest.raises(DataError, match="a row was refused"):
        with_retries(work, sleep=Clock())

    assert work.tries == 1


def test_a_value_that_somebody_else_has_taken_meanwhile_is_tried_again() -> None:
    assert with_retries(Work(psycopg.errors.UniqueViolation()), sleep=Clock()) == "done"
