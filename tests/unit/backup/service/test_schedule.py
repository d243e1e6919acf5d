"""What is due when: a function of the clock and of what was done."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from backend.backup.service.schedule import ScheduleState, due

MONDAY = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
NEW = ScheduleState(started=MONDAY)
DONE = ScheduleState(
    started=MONDAY - timedelta(days=30),
    last_full=MONDAY - timedelta(days=1),
    last_backup=MONDAY,
    is_drilled=True,
)


@pytest.mark.parametrize(
    ("after", "state", "job"),
    [
        pytest.param(timedelta(minutes=4), NEW, None, id="a fresh stack is left in peace"),
        pytest.param(timedelta(minutes=5), NEW, "full", id="then comes the first full one"),
        pytest.param(timedelta(hours=22), DONE, None, id="all is done today"),
        pytest.param(timedelta(hours=23), DONE, "diff", id="a new day begins at one"),
        pytest.param(timedelta(days=5, hours=23), DONE, "full", id="a week after the full one"),
        pytest.param(timedelta(days=40), DONE, "full", id="after a month in the dark"),
        pytest.param(
            timedelta(minutes=59),
            replace(DONE, is_drilled=False),
            None,
            id="left to whoever made it",
        ),
        pytest.param(
            timedelta(hours=1), replace(DONE, is_drilled=False), "drill", id="not drilled yet"
        ),
        pytest.param(
            timedelta(days=1), replace(DONE, is_drilled=False), "diff", id="a newer one is drilled"
        ),
        pytest.param(
            timedelta(hours=1),
            replace(DONE, lacks_manifest=True),
            "manifest",
            id="a set that nobody has described",
        ),
        pytest.param(
            timedelta(minutes=59), replace(DONE, lacks_manifest=True), None, id="being described"
        ),
        pytest.param(
            timedelta(hours=23), replace(DONE, lacks_manifest=True), "diff", id="on the next day"
        ),
        pytest.param(timedelta(hours=1), replace(DONE, must_heal=True), "full", id="WAL was lost"),
        pytest.param(
            timedelta(hours=1),
            replace(DONE, must_heal=True, failed=MONDAY + timedelta(minutes=30)),
            None,
            id="failed half an hour ago",
        ),
        pytest.param(
            timedelta(hours=2),
            replace(DONE, must_heal=True, failed=MONDAY),
            "full",
            id="failed two hours ago",
        ),
    ],
)
def test_job_that_is_due(after, state, job) -> None:
    assert due(MONDAY + after, state) == job


def simulate(clock: list[datetime]) -> list[tuple[datetime, str]]:
    """Let each job that is due at a look succeed at once, its drill too, and return all of them."""
    state = DONE
    jobs: list[tuple[datetime, str]] = []
    for now in clock:
        while job := due(now, state):
            jobs.append((now, job))
            if job != "drill":
                full = now if job == "full" else state.last_full
                state = replace(state, last_backup=now, last_full=full)
            state = replace(state, is_drilled=True)
    return jobs


def looks(begin: datetime, hours: int) -> list[datetime]:
    """Return a look every half hour."""
    return [begin + timedelta(minutes=30) * n for n in range(2 * hours)]


def test_a_week_has_one_backup_a_day() -> None:
    jobs = [job for _, job in simulate(looks(MONDAY, 7 * 24))]

    assert jobs == [*5 * ["diff"], "full", "diff"]


@pytest.mark.parametrize("jump", [timedelta(days=1), timedelta(days=-1)])
def test_a_clock_that_jumps_and_comes_back_repeats_nothing(jump) -> None:
    noon = MONDAY + timedelta(hours=10)
    clock = [
        *looks(MONDAY, 10),
        *looks(noon + jump, 2),
        *looks(noon + timedelta(hours=2), 48),
    ]

    jobs = simulate(clock)

    days = [(now - timedelta(hours=1)).date() for now, _ in jobs]
    assert len(days) == len(set(days))


def test_a_backup_from_the_future_is_not_made_again() -> None:
    ahead = replace(DONE, last_backup=MONDAY + timedelta(days=1))

    assert [due(now, ahead) for now in looks(MONDAY, 40)] == [None] * 80


def test_a_failure_from_the_future_holds_nothing_up() -> None:
    state = replace(NEW, failed=MONDAY + timedelta(days=1))

    assert due(MONDAY + timedelta(minutes=6), state) == "full"
