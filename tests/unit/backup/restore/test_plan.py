"""What a plan refuses, and what it says before anybody is asked."""

from datetime import UTC, datetime

import pytest

from backend.backup.cluster.backup_set import BackupSet
from backend.backup.cluster.wal import Gap, WalSegment
from backend.backup.restore.plan import check_reachable, worth_knowing
from backend.backup.restore.targets import ChosenTarget, NamedPoint
from backend.errors import DataError

AT = datetime(2026, 11, 27, 10, tzinfo=UTC)
# It needs the segments 2 to 4.
BACKUP = BackupSet(
    label="20261127-093000F",
    type="full",
    started=AT,
    stopped=AT,
    start_lsn="0/2000028",
    stop_lsn="0/4000100",
    first_wal="000000010000000000000002",
    last_wal="000000010000000000000004",
    database_bytes=1,
    repository_bytes=1,
)
PROVEN = NamedPoint("backup-20261127T100000Z-abcd", AT, "0/7000028", 1, has_manifest=True)
MIGRATION = NamedPoint("before-expand-0003-20261127T100000Z", AT, "0/7000028", 1)
TARGETS = {
    "latest": ChosenTarget(BACKUP, 1, AT, is_latest=True),
    "time": ChosenTarget(BACKUP, 1, AT),
    "point": ChosenTarget(BACKUP, 1, AT, MIGRATION),
}


def gap(number: int) -> Gap:
    return Gap(WalSegment(1, number), WalSegment(1, number), WalSegment(1, number - 1))


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("number", [2, 4])
def test_a_backup_that_lacks_its_own_wal_is_refused_for_any_target(target, number) -> None:
    """A standby on it would wait for that WAL for ever."""
    with pytest.raises(DataError, match="20261127-093000F cannot be brought back: WAL"):
        check_reachable(TARGETS[target], [gap(number)])


def test_a_gap_behind_the_backup_is_refused_only_where_it_hides_the_target() -> None:
    for name in ("latest", "time"):
        check_reachable(TARGETS[name], [gap(5)])
    with pytest.raises(DataError, match=r"before-expand-0003-.* cannot be reached"):
        check_reachable(TARGETS["point"], [gap(5)])


@pytest.mark.parametrize("target", TARGETS)
def test_a_state_without_a_manifest_is_said_to_be_compared_with_nothing(target) -> None:
    assert "none can be compared" in " ".join(worth_knowing(TARGETS[target]))


def test_a_state_with_a_manifest_needs_no_such_word() -> None:
    assert list(worth_knowing(ChosenTarget(BACKUP, 1, AT, PROVEN))) == []
