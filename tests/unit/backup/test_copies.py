"""Copies off the host: what somebody has told of, and what nobody has."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from backend.backup.copies import copy_facts, copy_warnings, newest_copy, prepare_copies

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)


def copied(backups: Path, place: str, hours_ago: float) -> None:
    path = backups / "copies" / place
    path.touch()
    at = (NOW - timedelta(hours=hours_ago)).timestamp()
    os.utime(path, (at, at))


@pytest.mark.parametrize("prepared", [False, True])
def test_nobody_has_told_of_a_copy(tmp_path, prepared) -> None:
    if prepared:
        prepare_copies(tmp_path)

    (warning,) = copy_warnings(tmp_path, NOW)

    assert warning.startswith("no copy off this host is known: if its disk is lost")
    assert copy_facts(tmp_path) == {"copied_off_the_host": None}


def test_the_newest_one_counts(tmp_path) -> None:
    prepare_copies(tmp_path)
    copied(tmp_path, "elsewhere", 3)
    copied(tmp_path, "another disk", 300)
    copied(tmp_path, "a name\x1b[2J of some terminal's", 1)

    assert list(copy_warnings(tmp_path, NOW)) == []
    assert copy_facts(tmp_path) == {"copied_off_the_host": "elsewhere 2026-11-27 09:00:00 UTC"}


def test_an_old_one_is_named(tmp_path) -> None:
    prepare_copies(tmp_path)
    copied(tmp_path, "elsewhere", 50.5)

    assert list(copy_warnings(tmp_path, NOW)) == [
        "the newest copy off this host is 50 hours old: elsewhere"
    ]


def test_one_of_the_future_is_no_news(tmp_path) -> None:
    prepare_copies(tmp_path)
    copied(tmp_path, "elsewhere", -48)

    assert list(copy_warnings(tmp_path, NOW)) == [
        "the newest copy off this host is of 2026-11-29 12:00:00 UTC, still to come: elsewhere"
    ]


def test_a_time_that_no_calendar_has_ends_nothing(tmp_path) -> None:
    """Whoever may write there and nowhere else must not take the status away."""
    prepare_copies(tmp_path)
    copied(tmp_path, "elsewhere", 1)
    odd = tmp_path / "copies/odd"
    odd.touch()
    os.utime(odd, (10**15, 10**15))

    # A file system of few years keeps its last one instead.
    assert newest_copy(tmp_path) is not None


def test_the_group_may_write_there_and_others_may_not(tmp_path) -> None:
    prepare_copies(tmp_path)
    copied(tmp_path, "elsewhere", 1)

    prepare_copies(tmp_path)

    assert oct((tmp_path / "copies").stat().st_mode)[-4:] == "2770"
    assert newest_copy(tmp_path) is not None
