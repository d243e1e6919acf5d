"""A full backup that heals is tried only where it fits."""

from datetime import UTC, datetime

import pytest

from backend.backup.cluster.backup_set import BackupSet
from backend.backup.cluster.repository import ClusterFolder
from backend.backup.cluster.repository_room import has_room_for_full

NOW = datetime(2026, 11, 27, tzinfo=UTC)
WAL = "000000010000000000000001"
TERABYTE = 10**12


def full(*, database: int, repository: int) -> BackupSet:
    return BackupSet("label", "full", NOW, NOW, "0/28", "0/99", WAL, WAL, database, repository)


@pytest.mark.parametrize(
    ("sets", "now", "has_room"),
    [
        pytest.param([], TERABYTE, True, id="the first one is tried"),
        pytest.param([full(database=1, repository=1)], 1, True, id="as small as the last one"),
        pytest.param([full(database=1, repository=10**18)], 1, False, id="as large as the last"),
        pytest.param([full(database=1, repository=1)], 9 * TERABYTE, False, id="grown since"),
        pytest.param(
            [full(database=9 * TERABYTE, repository=1)], 9 * TERABYTE, True, id="was as large"
        ),
    ],
)
def test_room_for_a_full_backup(tmp_path, sets, now, has_room) -> None:
    (tmp_path / "base").mkdir()
    with (tmp_path / "base" / "1234").open("wb") as table:
        table.truncate(now)

    assert has_room_for_full(ClusterFolder(tmp_path), tmp_path, sets) == has_room
