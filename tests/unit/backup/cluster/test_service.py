"""The service's looks: one that fails is made again, and is no reason to call the backups well."""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from backend.backup.cluster.archive_guard import ArchiveState
from backend.backup.cluster.catalog import BackupCatalog
from backend.backup.cluster.pgbackrest import STANZA
from backend.backup.cluster.served_cluster import ServedCluster
from backend.backup.cluster.settings import load_cluster_settings
from backend.backup.cluster.wal import Gap, WalSegment
from backend.backup.cluster.workshop import BackupWorkshop, open_workshop
from backend.backup.health_check import standing_alarms
from backend.backup.notification.messenger import ADDRESS_FILE, Messenger
from backend.backup.notification.notification_status import notification_warnings
from backend.backup.service.loop import BackupService

NOON = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
NONE = BackupCatalog([], [], [], [])
OLD, NEW = 7712694683227574319, 7712701674926625526


@pytest.fixture
def control(tmp_path: Path) -> Path:
    """The file of a data folder that tells which cluster it is."""
    path = tmp_path / "data/global/pg_control"
    path.parent.mkdir(parents=True)
    path.write_bytes(OLD.to_bytes(8, sys.byteorder))
    return path


@pytest.fixture
def workshop(tmp_path: Path, control: Path) -> BackupWorkshop:
    """One that cannot look: the pass of its repository is not there."""
    folders = {"PGDATA": control.parents[1], "BACKUP_DIR": tmp_path, "BACKUP_KEYS_DIR": tmp_path}
    return open_workshop(load_cluster_settings({name: str(path) for name, path in folders.items()}))


def test_who_cannot_look_is_unwell_after_a_while(tmp_path, workshop) -> None:
    file, clock = tmp_path / "health", [NOON]
    service = BackupService(ServedCluster(workshop), lambda: clock[-1], file)

    found = []
    for minutes in (1, 14, 16):
        clock.append(NOON + timedelta(minutes=minutes))
        service.turn()
        found.append(standing_alarms(str(file), clock[-1].timestamp()))

    assert found[:2] == [[], []]
    (alarm,) = found[2]
    assert alarm.startswith("the backups could not be looked at since 2026-11-27 12:00:00 UTC: ")
    assert "there is no cipher pass" in alarm


class OnlyChecked(Messenger):
    """One that ends the service when it has said where notifications go."""

    def check(self, folder: Path) -> None:
        super().check(folder)
        raise KeyboardInterrupt


def test_that_nobody_is_notified_is_kept_from_the_first_start_on(tmp_path, workshop) -> None:
    keys = workshop.settings.keys
    (keys / ADDRESS_FILE).write_text("https://hc.example/6f1a0d4e")
    messenger = OnlyChecked(keys, has_route=lambda: False)

    with pytest.raises(KeyboardInterrupt):
        BackupService(ServedCluster(workshop), messenger=messenger).run()

    (warning,) = notification_warnings(keys, workshop.folder.root)
    assert "has no way out: nobody is notified" in warning


def test_an_alarm_is_logged_once_though_its_numbers_grow(
    tmp_path, workshop, monkeypatch, caplog
) -> None:
    info = workshop.folder.repository / "archive" / STANZA / "archive.info"
    info.parent.mkdir(parents=True)
    info.touch()
    service = BackupService(ServedCluster(workshop), lambda: NOON, tmp_path / "health")

    for last in (5, 6, 7, 4, 8):
        gaps = [Gap(WalSegment(1, 5), WalSegment(1, last), WalSegment(1, 4))] if last > 4 else []
        archive = ArchiveState(lost=gaps, open_gap=next(iter(gaps), None))
        monkeypatch.setattr(ServedCluster, "_read", lambda *_, archive=archive: (NONE, archive))
        service._watch()

    # The second time after it was over.
    assert [one.message.partition(":")[0] for one in caplog.records] == ["no point in time"] * 2
    assert caplog.records[0].message.startswith("no point in time: WAL 000000010000000000000005 ")


def test_another_reason_not_to_look_is_logged_too(tmp_path, workshop, control, caplog) -> None:
    service = BackupService(ServedCluster(workshop), lambda: NOON, tmp_path / "health")

    service.turn()
    service.turn()
    control.unlink()
    service.turn()

    first, second = (one.message for one in caplog.records)
    assert "there is no cipher pass" in first
    assert second.startswith("there is no cluster in ")


def test_a_cluster_that_was_begun_anew_has_a_folder_of_its_own(tmp_path, workshop, control) -> None:
    service = BackupService(ServedCluster(workshop), lambda: NOON, tmp_path / "health")

    control.write_bytes(NEW.to_bytes(8, sys.byteorder))
    service.now = lambda: NOON + timedelta(days=2)
    service.turn()

    assert service.backups.folder.root == tmp_path / str(NEW)
    assert not (tmp_path / str(OLD)).exists()
    # It has a day of its own to be proved.
    assert service.started == NOON + timedelta(days=2)
