"""Which timeline was live at a time, told by notes of restores, backups and the archive itself."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from backend.backup.cluster.repository import ClusterFolder
from backend.backup.restore.timelines import Timelines, seen_live


def at(hour: int) -> datetime:
    return datetime(2026, 11, 27, hour, tzinfo=UTC)


def add_history(folder: ClusterFolder, timeline: int, archived: datetime) -> None:
    path = folder.repository / "archive/app/17-1" / f"{timeline:08X}.history"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("")
    os.utime(path, (archived.timestamp(), archived.timestamp()))


@pytest.fixture
def folder(tmp_path: Path) -> ClusterFolder:
    """A cluster that was restored at nine and, by hand, at eleven; archived a while later."""
    folder = ClusterFolder(tmp_path / "7577312031234567890")
    add_history(folder, 2, at(10))
    add_history(folder, 3, at(11))
    return folder


@pytest.mark.parametrize(
    ("moment", "timeline"),
    [
        pytest.param(at(8), 1, id="before all"),
        pytest.param(at(9), 2, id="from the restore on that was noted"),
        pytest.param(at(11), 3, id="from the archived history on where none was noted"),
    ],
)
def test_a_restore_without_a_note_is_told_by_the_archive(folder, moment, timeline) -> None:
    seen = seen_live([{"at": at(9).isoformat(), "to": 2}], [], folder.timelines_begun())

    assert Timelines({1: {}, 2: {}, 3: {}}, seen).live_at(moment) == timeline


def test_a_copy_with_new_dates_changes_nothing_that_was_noted(folder) -> None:
    for timeline in (2, 3):
        add_history(folder, timeline, at(20))
    notes = [{"at": at(9).isoformat(), "to": 2}, {"at": at(11).isoformat(), "to": 3}]

    seen = seen_live(notes, [], folder.timelines_begun())

    assert Timelines({1: {}, 2: {}, 3: {}}, seen).live_at(at(21)) == 3
