"""Lost WAL: found by what is not in the repository, and healed by a backup behind it."""

from datetime import UTC, datetime

import pytest

from backend.backup.cluster.archive_guard import ArchiveState, ServerWal, find_lost, unhealed
from backend.backup.cluster.backup_set import BackupSet
from backend.backup.cluster.wal import Gap, WalSegment

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
EIGHT = ServerWal(WalSegment(1, 8))
# The first timeline was left in its fifth segment.
RESTORED = ServerWal(WalSegment(2, 7), left_at={1: "0/5000140"})


def backup(segment: int, timeline: int = 1) -> BackupSet:
    """Return a backup that lies in one segment."""
    name = str(WalSegment(timeline, segment))
    lsn = f"0/{segment * 16 * 1024 * 1024 + 40:X}"
    return BackupSet("label", "full", NOON, NOON, lsn, lsn, name, name, 1, 1)


def on(timeline: int, *numbers: int) -> set[WalSegment]:
    return {WalSegment(timeline, number) for number in numbers}


@pytest.mark.parametrize(
    ("there", "lost"),
    [
        pytest.param(on(1, 4, 5, 6, 7), [], id="all that was closed is there"),
        pytest.param(on(1, 4, 6, 7), [(5, 5)], id="one is not"),
        pytest.param(on(1, 4, 5), [(6, 7)], id="nothing since"),
        pytest.param(on(1, 5, 6, 7), [(4, 4)], id="that of the backup itself"),
    ],
)
def test_gaps_since_the_oldest_backup(there, lost) -> None:
    found = find_lost(EIGHT, [backup(4), backup(6)], there)

    assert [(gap.first.number, gap.last.number) for gap in found.gaps] == lost


def test_what_was_lost_before_the_oldest_backup_is_missed_by_nobody() -> None:
    assert find_lost(EIGHT, [backup(6)], on(1, 6, 7)).gaps == []


def test_without_a_backup_no_wal_is_missed() -> None:
    assert find_lost(EIGHT, [], set()).gaps == []


def test_a_restore_is_no_gap() -> None:
    there = on(1, 4, 5, 6) | on(2, 5, 6)

    assert find_lost(RESTORED, [backup(4)], there).gaps == []


def test_a_backup_of_an_abandoned_timeline_asks_for_no_wal_of_the_new_one() -> None:
    there = on(1, 6) | on(2, 5, 6)

    assert find_lost(RESTORED, [backup(6)], there).gaps == []


def test_a_backup_of_an_abandoned_timeline_heals_nothing() -> None:
    there = on(1, 3, 4, 5, 9) | on(2, 5)

    lost = find_lost(RESTORED, [backup(4), backup(9)], there)

    assert lost.open_gap == Gap(WalSegment(2, 6), WalSegment(2, 6), WalSegment(2, 5))
    assert lost.reachable_since is None


@pytest.mark.parametrize(
    ("begun", "is_open"),
    [
        pytest.param(4, True, id="the backup is older"),
        pytest.param(6, True, id="its own WAL is lost"),
        pytest.param(7, False, id="begun behind the gap"),
    ],
)
def test_a_backup_behind_a_gap_heals_it(begun, is_open) -> None:
    gap = Gap(WalSegment(1, 5), WalSegment(1, 6), WalSegment(1, 4))

    assert unhealed([gap], [backup(begun)]) == (gap if is_open else None)


def test_the_warning_says_since_when() -> None:
    gap = Gap(WalSegment(1, 5), WalSegment(1, 5), WalSegment(1, 4))

    (warning,) = ArchiveState(open_gap=gap, reachable_until=NOON).warnings()

    assert warning.startswith(
        "no point in time since 2026-11-21 12:00:00 UTC: WAL 000000010000000000000005 is missing"
    )
