"""A drill that has no room does not begin, and one that compared nothing proves nothing."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from backend.backup.cluster.backup_set import BackupSet
from backend.backup.cluster.drill import Drill, unproved
from backend.backup.cluster.manifest import Manifest, ManifestPoint
from backend.backup.cluster.pgbackrest import PgBackRest
from backend.backup.postgres.contents import DatabaseContents, TableContents
from backend.backup.postgres.scratch_server import ScratchFolder
from backend.cli.progress import Lines

NOW = datetime(2026, 11, 27, tzinfo=UTC)
WAL = "000000010000000000000001"
EXABYTE = 10**18
BACKUP = BackupSet("label", "full", NOW, NOW, "0/28", "0/99", WAL, WAL, EXABYTE, 1)
POINT = ManifestPoint("backup-x", NOW, "0/99", WAL, "label", "7712694683227574319", 170012)
SHOP = {"shop": DatabaseContents("", {"t": TableContents(0, "")})}


def drill(scratch: Path) -> Drill:
    """Return a drill of a backup that no disk has room for."""
    # It would end with an error of its own if it were run: there is no such program.
    pgbackrest = PgBackRest(scratch, scratch, scratch, scratch, str(scratch))
    return Drill(Manifest(POINT, {}), BACKUP, pgbackrest, ScratchFolder(scratch, scratch), Lines())


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


@pytest.mark.parametrize(
    ("manifest", "backup", "said"),
    [
        pytest.param(Manifest(POINT, SHOP), BACKUP, [], id="all was compared"),
        pytest.param(
            Manifest(POINT, {}),
            BACKUP,
            ["nothing was compared: no database had a table"],
            id="none",
        ),
        pytest.param(
            Manifest(POINT, SHOP, {"app": "no right"}),
            BACKUP,
            ["database app was not compared: no right; `up` lets it in again"],
            id="a database that nobody could look at",
        ),
        pytest.param(
            Manifest(POINT, SHOP),
            replace(BACKUP, page_errors=True),
            ["pages had wrong checksums in the database when label was made"],
            id="pages that were damaged before",
        ),
    ],
)
def test_what_was_not_compared_is_not_proved(manifest, backup, said) -> None:
    assert list(unproved(manifest, backup)) == said
