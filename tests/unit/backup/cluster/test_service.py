"""The service's looks: one that fails is made again, and is no reason to call the backups well."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from backend.backup.cluster.health import read_health
from backend.backup.cluster.pgbackrest import PgBackRest
from backend.backup.cluster.repository import ClusterFolder
from backend.backup.cluster.service import BackupService
from backend.backup.cluster.settings import load_cluster_settings
from backend.backup.cluster.workshop import BackupWorkshop

NOON = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)


def without_cipher_pass(folder: Path) -> BackupWorkshop:
    """Return a workshop that cannot look: the pass of its repository is not there."""
    pgbackrest = PgBackRest(folder / "r", folder / "l", folder / "none", folder, str(folder))
    cluster = ClusterFolder(folder / "7712694683227574319")
    return BackupWorkshop(load_cluster_settings({}), cluster, pgbackrest)


def test_who_cannot_look_is_unwell_after_a_while(tmp_path) -> None:
    file, clock = tmp_path / "health.json", [NOON]
    service = BackupService(without_cipher_pass(tmp_path), lambda: clock[-1], file)

    found = []
    for minutes in (1, 14, 16):
        clock.append(NOON + timedelta(minutes=minutes))
        service.turn()
        found.append(read_health(file, clock[-1]))

    assert found[:2] == [[], []]
    (alarm,) = found[2]
    assert alarm.startswith("the backups could not be looked at since 2026-11-27 12:00:00 UTC: ")
    assert "there is no cipher pass" in alarm
