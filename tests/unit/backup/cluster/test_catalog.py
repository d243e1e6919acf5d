"""What the records say of the sets in a repository."""

from datetime import UTC, datetime

import pytest

from backend.backup.cluster.catalog import BackupCatalog
from backend.backup.records import EventRecord


def drill(hour: int, backup: str, *, clean: bool) -> EventRecord:
    at = datetime(2026, 11, 27, hour, tzinfo=UTC)
    return EventRecord("drill", at, {"backup": backup, "clean": clean})


@pytest.mark.parametrize(
    ("drills", "hour"),
    [
        pytest.param([], None, id="no drill"),
        pytest.param([drill(1, "a", clean=True)], 1, id="one that passed"),
        pytest.param([drill(1, "a", clean=True), drill(2, "a", clean=True)], 2, id="the last one"),
        pytest.param([drill(1, "a", clean=True), drill(2, "a", clean=False)], None, id="not again"),
        pytest.param([drill(1, "a", clean=False), drill(2, "a", clean=True)], 2, id="mended"),
        pytest.param([drill(1, "a", clean=True), drill(2, "b", clean=False)], 1, id="of another"),
    ],
)
def test_a_backup_is_proven_by_the_last_drill_of_it(drills, hour) -> None:
    found = BackupCatalog([], ["a"], [], drills).proven_at("a")

    assert (found.hour if found else None) == hour
