"""A drill that has no room does not begin, and is a failed drill."""

from datetime import UTC, datetime
from pathlib import Path

from backend.backup.cluster.backup_set import BackupSet
from backend.backup.cluster.drill import Drill
from backend.backup.cluster.manifest import Manifest, ManifestPoint
from backend.backup.cluster.pgbackrest import PgBackRest
from backend.backup.cluster.scratch_server import ScratchFolder
from backend.cli.progress import Lines

NOW = datetime(2026, 11, 27, tzinfo=UTC)
WAL = "000000010000000000000001"
EXABYTE = 10**18


def drill(scratch: Path) -> Drill:
    """Return a drill of a backup that no disk has room for."""
    backup = BackupSet("label", "full", NOW, NOW, "0/28", "0/99", WAL, WAL, EXABYTE, 1)
    point = ManifestPoint("backup-x", NOW, "0/99", WAL, "label", "7712694683227574319", 170012)
    # It would end with an error of its own if it were run: there is no such program.
    pgbackrest = PgBackRest(scratch, scratch, scratch, scratch, str(scratch))
    return Drill(Manifest(point, {}), backup, pgbackrest, ScratchFolder(scratch, scratch), Lines())


def test_without_room_nothing_is_restored_and_the_drill_has_failed(tmp_path: Path) -> None:
    left = tmp_path / "cluster" / "base"
    left.mkdir(parents=True)

    result = drill(tmp_path).run()

    assert not result.is_clean
    assert result.differences[0].startswith(f"no room for a drill in {tmp_path}: ")
    assert not left.parent.exists()


def test_a_disk_that_does_not_answer_is_a_failed_drill_too(tmp_path: Path) -> None:
    result = drill(tmp_path / "gone").run()

    assert not result.is_clean
    assert "No such file or directory" in result.differences[0]
