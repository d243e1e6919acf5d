"""Which of the backups is described, which is proved, and what may go."""

from datetime import UTC, datetime

import pytest

from backend.backup.cluster.backup_set import BackupSet
from backend.backup.cluster.catalog import BackupCatalog
from backend.backup.records import EventRecord

NOON = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
FIRST, CHANGED, SECOND = "20261120-010000F", "20261120-010000F_20261121-010000D", "20261127-010000F"


def catalog(*labels: str, described: tuple[str, ...] = (), proven: str = "") -> BackupCatalog:
    """Return sets, of which some have a manifest of their own name and one a clean drill."""
    made = [EventRecord("backup", NOON, {"manifest": one, "set": one}) for one in described]
    drills = [EventRecord("drill", NOON, {"backup": proven, "clean": True})]
    return BackupCatalog([backup_set(one) for one in labels], described, made, drills)


def backup_set(label: str) -> BackupSet:
    kind = "full" if label.endswith("F") else "diff"
    wal = "000000010000000000000002"
    return BackupSet(label, kind, NOON, NOON, "0/2000028", "0/2000100", wal, wal, 1, 1)


@pytest.mark.parametrize(
    ("described", "unfinished"),
    [
        pytest.param((FIRST, SECOND), None, id="none"),
        pytest.param((FIRST,), SECOND, id="the newest"),
        pytest.param((SECOND,), None, id="an older one is left as it is"),
    ],
)
def test_a_set_without_a_manifest(described, unfinished) -> None:
    found = catalog(FIRST, SECOND, described=described).unfinished

    assert (found and found.label) == unfinished


@pytest.mark.parametrize(
    ("labels", "proven", "is_safe"),
    [
        pytest.param((FIRST, CHANGED), FIRST, True, id="the newest full one"),
        pytest.param((FIRST, CHANGED), CHANGED, True, id="what has changed since"),
        pytest.param((FIRST, CHANGED, SECOND), CHANGED, False, id="one before the newest full one"),
        pytest.param((FIRST,), "", False, id="none"),
        pytest.param((), FIRST, False, id="one that is gone"),
    ],
)
def test_what_is_old_may_go_when_what_stays_is_proved(labels, proven, is_safe) -> None:
    assert catalog(*labels, described=labels, proven=proven).is_newest_full_proven == is_safe
