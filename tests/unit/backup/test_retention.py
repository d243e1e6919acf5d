"""Backups are let go by their own dates, and only behind one that is proven."""

from datetime import UTC, datetime, timedelta

import pytest

from backend.backup.results import BackupRecord
from backend.backup.retention import expired

START = datetime(2026, 1, 1, 3, 0, tzinfo=UTC)


def nightly(days: int, *, proven: int | None = None) -> list[BackupRecord]:
    """Return a backup of each of so many nights, one of which is proven: the last, unless told."""
    number = days - 1 if proven is None else proven
    return [
        BackupRecord(
            name=f"{START + timedelta(days=day):%m-%d}",
            at=START + timedelta(days=day),
            kind="file",
            bytes=1,
            proven_at=START + timedelta(days=day) if day == number else None,
        )
        for day in range(days)
    ]


def kept(backups: list[BackupRecord]) -> list[str]:
    gone = expired(backups)
    return [one.name for one in backups if one not in gone]


@pytest.mark.parametrize("days", [0, 1, 2, 7])
def test_a_week_is_kept_whole(days: int) -> None:
    assert expired(nightly(days)) == []


def test_half_a_year_is_seven_days_four_weeks_and_six_months() -> None:
    assert kept(nightly(200)) == [
        *("02-28", "03-31", "04-30", "05-31"),  # months, besides June and July
        *("06-28", "06-30", "07-05", "07-12"),  # weeks end on Sunday; June ends on a Tuesday
        *("07-13", "07-14", "07-15", "07-16", "07-17", "07-18", "07-19"),
    ]


def test_without_a_proven_backup_none_is_let_go() -> None:
    assert expired(nightly(200, proven=-1)) == []


def test_the_newest_proven_one_stays_with_all_that_are_newer() -> None:
    names = kept(nightly(200, proven=120))

    assert names[3:6] == ["05-01", "05-02", "05-03"]
    assert names[-1] == "07-19"
    assert len(names) == 3 + 80


def test_all_of_the_last_day_are_kept() -> None:
    backups = nightly(20)
    hours = [
        BackupRecord(f"hour {hour}", backups[-1].at + timedelta(hours=hour), "file", 1)
        for hour in (1, 2, 3)
    ]

    assert kept([*backups, *hours])[-4:] == ["01-20", "hour 1", "hour 2", "hour 3"]


@pytest.mark.parametrize("jump", [timedelta(days=-1), timedelta(days=1), timedelta(days=3650)])
def test_a_clock_that_jumps_lets_nothing_more_go(jump: timedelta) -> None:
    """A backup of a wrong date takes the place of one day, and of no other."""
    backups = nightly(7)
    strange = BackupRecord("strange", backups[-1].at + jump, "file", 1, backups[-1].at)

    gone = expired(sorted([*backups, strange], key=lambda one: one.at))

    assert len(gone) <= 1
    assert backups[-1] not in gone
