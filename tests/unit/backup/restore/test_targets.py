"""Where a restore begins and ends, decided from what the repository has."""

from datetime import UTC, datetime

import pytest

from backend.backup.cluster.backup_set import BackupSet
from backend.backup.restore.targets import (
    NamedPoint,
    RestorableStates,
    choose_target,
)
from backend.backup.restore.timelines import Timelines
from backend.backup.restore_target import LATEST, RestoreTarget
from backend.errors import DataError

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, 27, hour, minute, tzinfo=UTC)


def backup(label: str, stopped: datetime, stop_lsn: str, timeline: int = 1) -> BackupSet:
    segment = f"{timeline:08X}0000000000000001"
    return BackupSet(label, "full", stopped, stopped, stop_lsn, stop_lsn, segment, segment, 1, 1)


# Timeline 1 was left at 0/5000000 by a restore at nine, and 2 at 0/7000000 by one at eleven, which
# brought back a state of timeline 1: 3 goes on from 0/4000000 of the first.
TIMELINES = Timelines(
    left_at={1: {}, 2: {1: "0/5000000"}, 3: {1: "0/4000000"}},
    seen=[(at(9), 2), (at(11), 3), (at(11, 30), 4)],
)
EARLY = backup("early", at(6), "0/2000000")
LATE = backup("late", at(8), "0/5800000")
SECOND = backup("second", at(10), "0/6000000", timeline=2)
POINTS = [
    NamedPoint("before-expand-0003-20261127T063000Z", at(6, 30), "0/3000000", 1),
    NamedPoint("before-expand-0003-20261127T103000Z", at(10, 30), "0/6800000", 2),
    NamedPoint("backup-20261127T080000Z-abcd", at(8), "0/5900000", 1, has_manifest=True),
]
STATES = RestorableStates([EARLY, LATE, SECOND], TIMELINES, POINTS, at(11, 45))


@pytest.mark.parametrize(
    ("moment", "timeline", "label"),
    [
        pytest.param(at(7), 1, "early", id="before anything was restored"),
        pytest.param(at(8, 30), 1, "late", id="of a timeline that was left later"),
        pytest.param(at(9, 30), 2, "early", id="a backup after the fork leads nowhere"),
        pytest.param(at(10, 30), 2, "second", id="a backup of the timeline itself"),
        pytest.param(at(11, 40), 3, "early", id="a restore that was never started began nothing"),
    ],
)
def test_a_time_is_looked_for_on_the_timeline_of_that_time(moment, timeline, label) -> None:
    chosen = choose_target(RestoreTarget(at=moment), STATES, NOW)

    assert (chosen.timeline, chosen.backup.label) == (timeline, label)
    assert chosen.recovery.options()[:2] == (f"--set={label}", "--type=time")


def test_a_time_is_written_in_utc_for_the_server() -> None:
    local = datetime.fromisoformat("2026-11-27 10:00:00.25+03")

    chosen = choose_target(RestoreTarget(at=local), STATES, NOW)

    assert chosen.recovery.value == "2026-11-27 07:00:00.250000+00"


def test_the_newest_state_is_the_end_of_the_newest_timeline() -> None:
    chosen = choose_target(LATEST, STATES, NOW)

    assert (chosen.timeline, chosen.backup.label, chosen.at) == (3, "early", at(11, 45))
    assert chosen.recovery.options() == ("--set=early", "--type=default", "--target-timeline=3")


def test_the_beginning_of_a_name_takes_the_newest_and_names_it() -> None:
    chosen = choose_target(RestoreTarget(name="before-expand-0003"), STATES, NOW)

    assert chosen.recovery.value == "before-expand-0003-20261127T103000Z"
    assert (chosen.timeline, chosen.backup.label) == (2, "second")


def test_a_whole_name_is_that_point_and_no_newer_one() -> None:
    chosen = choose_target(RestoreTarget(name=POINTS[0].name), STATES, NOW)

    assert (chosen.recovery.value, chosen.timeline) == (POINTS[0].name, 1)
    assert chosen.backup.label == "early"


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        pytest.param(RestoreTarget(at=at(5)), "no backup leads to that state", id="too early"),
        pytest.param(RestoreTarget(at=at(13)), "is not over yet", id="in the future"),
        pytest.param(RestoreTarget(name="before-lunch"), "no restore point", id="unknown"),
    ],
)
def test_what_cannot_be_had_is_refused(wanted, message) -> None:
    with pytest.raises(DataError, match=message):
        choose_target(wanted, STATES, NOW)


def test_an_unknown_name_is_answered_by_those_that_there_are() -> None:
    with pytest.raises(DataError) as caught:
        choose_target(RestoreTarget(name="x"), STATES, NOW)

    assert all(point.name in caught.value.hint for point in POINTS)


def test_a_point_before_the_oldest_backup_is_refused() -> None:
    point = NamedPoint("early-point", at(5, 30), "0/1000000", 1)
    states = RestorableStates([EARLY], TIMELINES, [point], at(11))

    with pytest.raises(DataError, match="the oldest one ended at 2026-11-27 06:00:00 UTC"):
        choose_target(RestoreTarget(name="early-point"), states, NOW)


def test_a_point_on_a_timeline_that_the_repository_does_not_know_is_refused() -> None:
    point = NamedPoint("before-expand-0009-20261127T110000Z", at(11), "0/9000000", 7)
    states = RestorableStates(STATES.backups, TIMELINES, [point], at(11))

    with pytest.raises(DataError, match="no backup leads to that state"):
        choose_target(RestoreTarget(name=point.name), states, NOW)
