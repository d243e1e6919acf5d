"""The volume of the data: whatever moment a restore was killed at, the next run puts it in order."""

import errno
import os
import shutil
from pathlib import Path

import pytest

from backend.backup.records import EventFields
from backend.backup.restore.data_volume import DataVolume
from backend.errors import RefusedError

RECORD = {"at": "2026-11-27T10:00:00+00:00", "to": 2}


class KilledError(BaseException):
    """The end of a run that may clear up nothing."""


def make_cluster(folder: Path, content: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "PG_VERSION").write_text(content)


@pytest.fixture
def volume(tmp_path: Path) -> DataVolume:
    """A volume with data in it."""
    make_cluster(tmp_path / "cluster", "old")
    return DataVolume(tmp_path / "cluster")


def live(volume: DataVolume) -> str:
    return (volume.cluster / "PG_VERSION").read_text()


def others(volume: DataVolume) -> dict[str, str]:
    """Return what lies beside the cluster: the kind of its name, and whose data it is."""
    found = [path for path in volume.root.iterdir() if path != volume.cluster]
    return {path.name.split("-2")[0]: (path / "PG_VERSION").read_text() for path in found}


def restored(volume: DataVolume) -> Path:
    folder = volume.begin()
    make_cluster(folder, "new")
    return volume.finish(folder, RECORD)


def test_the_old_data_is_kept_and_the_restore_noted_once(volume: DataVolume) -> None:
    noted: list[EventFields] = []

    kept = volume.switch(restored(volume))
    volume.publish(noted.append)
    volume.publish(noted.append)

    assert live(volume) == "new"
    assert others(volume) == {"before-restore": "old"}
    assert kept is not None
    assert kept.name.startswith("before-restore-")
    assert noted == [RECORD]


def test_without_data_what_was_restored_takes_its_place(volume: DataVolume) -> None:
    shutil.rmtree(volume.cluster)

    kept = volume.switch(restored(volume))

    assert kept is None
    assert live(volume) == "new"


@pytest.mark.parametrize("step", ["begin", "finish"])
def test_killed_before_the_switch_leaves_the_old_data_alone(volume: DataVolume, step: str) -> None:
    folder = volume.begin()
    make_cluster(folder, "new")
    if step == "finish":
        volume.finish(folder, RECORD)

    noted: list[EventFields] = []
    volume.settle(noted.append)

    assert live(volume) == "old"
    assert others(volume) == {}
    assert noted == []


def test_killed_in_the_middle_of_the_switch_loses_no_data(
    volume: DataVolume, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise KilledError

    folder = restored(volume)
    with monkeypatch.context() as patch:
        patch.setattr(DataVolume, "_keep", die)
        with pytest.raises(KilledError):
            volume.switch(folder)

    noted: list[EventFields] = []
    volume.settle(noted.append)

    assert live(volume) == "new"
    assert others(volume) == {"before-restore": "old"}
    assert noted == [RECORD]


def test_a_restore_that_was_not_noted_is_told_from_a_leftover(volume: DataVolume) -> None:
    # Killed after the switch, started, and restored again: what was live has lost its record.
    volume.switch(restored(volume))
    noted: list[EventFields] = []

    volume.settle(noted.append)
    volume.switch(restored(volume))
    volume.settle(noted.append)

    assert len([path for path in volume.root.glob("before-restore-*")]) == 2
    assert noted == [RECORD, RECORD]


def test_a_full_disk_of_the_backups_undoes_no_restore(volume: DataVolume) -> None:
    def refuse(_: EventFields) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    volume.switch(restored(volume))
    why = volume.publish_or_leave(refuse)
    noted: list[EventFields] = []
    later = volume.publish_or_leave(noted.append)

    assert (why, later) == ("No space left on device", "")
    assert live(volume) == "new"
    assert noted == [RECORD]


def test_what_was_put_aside_goes_only_when_it_is_forgotten(volume: DataVolume) -> None:
    volume.switch(restored(volume))

    removed = volume.forget()

    assert [name.split("-2")[0] for name in removed] == ["before-restore"]
    assert live(volume) == "new"
    assert others(volume) == {}


def test_what_was_put_aside_stays_until_the_new_data_has_come_up(volume: DataVolume) -> None:
    volume.switch(restored(volume))
    (volume.cluster / "recovery.signal").touch()

    with pytest.raises(RefusedError, match="has never been started"):
        volume.forget()
    shutil.rmtree(volume.cluster)
    with pytest.raises(RefusedError):
        volume.forget()

    assert others(volume) == {"before-restore": "old"}
