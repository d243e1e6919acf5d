"""What makes the backups unwell: a failed drill, lost WAL, a proof that is too old; nothing else."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from backend.backup import health_check
from backend.backup.cluster.alarms import alarms
from backend.backup.cluster.archive_guard import ArchiveState
from backend.backup.cluster.backup_set import BackupSet
from backend.backup.cluster.catalog import BackupCatalog
from backend.backup.cluster.wal import Gap, WalSegment
from backend.backup.health_check import standing_alarms
from backend.backup.records import EventRecord
from backend.backup.service.health import write_health

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
GAP = Gap(WalSegment(1, 5), WalSegment(1, 6), WalSegment(1, 4))


def backup_set(number: int) -> BackupSet:
    wal = str(WalSegment(1, number))
    return BackupSet(f"set {number}", "full", NOW, NOW, "0/28", f"0/{number}", wal, wal, 1, 1)


def made_of(manifest: str, number: int) -> EventRecord:
    return EventRecord("backup", NOW, {"manifest": manifest, "set": f"set {number}"})


def drill(hours_ago: float, *differences: str, backup: str = "b") -> EventRecord:
    fields = {"backup": backup, "clean": not differences, "differences": list(differences)}
    return EventRecord("drill", NOW - timedelta(hours=hours_ago), fields)


@pytest.mark.parametrize(
    ("drills", "archive", "begins"),
    [
        pytest.param([], ArchiveState(), [], id="a stack that has just begun"),
        pytest.param([drill(25)], ArchiveState(), [], id="proved last night"),
        pytest.param(
            [drill(27)],
            ArchiveState(),
            ["no backup was proved since 2026-11-26 09:00:00 UTC"],
            id="not proved since the night before",
        ),
        pytest.param(
            [drill(20), drill(1, "a cent")],
            ArchiveState(),
            ["the drill of 2026-11-27 11:00:00 UTC failed: a cent"],
            id="the last drill failed",
        ),
        pytest.param([drill(20, "a cent"), drill(1)], ArchiveState(), [], id="and then passed"),
        pytest.param(
            [drill(1)],
            ArchiveState(lost=[GAP], open_gap=GAP),
            ["no point in time: WAL 000000010000000000000005 to"],
            id="WAL was lost",
        ),
        pytest.param([drill(1)], ArchiveState(lost=[GAP]), [], id="and healed"),
        pytest.param([drill(-24)], ArchiveState(), [], id="the clock went back"),
        pytest.param(
            [drill(-48)],
            ArchiveState(),
            ["the last proof is of 2026-11-29 12:00:00 UTC, still to come: see the clock"],
            id="the clock was far ahead",
        ),
    ],
)
def test_alarms(drills, archive, begins) -> None:
    found = alarms(BackupCatalog([], [], [], drills), archive, NOW)

    assert len(found) == len(begins)
    assert all(one.startswith(start) for one, start in zip(found, begins, strict=True))


@pytest.mark.parametrize(
    ("hours", "found"),
    [
        pytest.param(25, [], id="its first day"),
        pytest.param(27, ["no backup was proved since 2026-11-26 09:00:00 UTC"], id="and no more"),
    ],
)
def test_a_service_that_never_proved_a_backup_is_not_well_for_ever(hours, found) -> None:
    catalog = BackupCatalog([], [], [], [])

    assert alarms(catalog, ArchiveState(), NOW, since=NOW - timedelta(hours=hours)) == found


def test_a_clean_drill_of_an_older_backup_does_not_hide_that_the_newest_failed() -> None:
    made = [made_of("old", 1), made_of("new", 2)]
    drills = [drill(3, "a cent", backup="new"), drill(1, backup="old")]
    catalog = BackupCatalog([backup_set(1), backup_set(2)], ["old", "new"], made, drills)

    (alarm,) = alarms(catalog, ArchiveState(), NOW)

    assert alarm == "the drill of 2026-11-27 09:00:00 UTC failed: a cent"


def checked(path: Path, now: datetime) -> list[str]:
    return standing_alarms(str(path), now.timestamp())


def test_health_is_good_until_the_service_has_looked(tmp_path) -> None:
    assert checked(tmp_path / "none", NOW) == []


def test_alarms_are_kept_for_the_health_check(tmp_path) -> None:
    write_health(tmp_path / "health", ["one\nof two lines", "another"], NOW)

    assert checked(tmp_path / "health", NOW + timedelta(hours=25)) == [
        "one of two lines",
        "another",
    ]


def test_a_service_that_hangs_is_not_well_for_ever(tmp_path) -> None:
    write_health(tmp_path / "health", [], NOW)

    assert checked(tmp_path / "health", NOW + timedelta(hours=27)) == [
        "the service has not looked since 2026-11-27 12:00:00 UTC"
    ]


@pytest.mark.parametrize("text", ["", "not a time", "\xff"])
def test_a_file_that_tells_nothing_is_not_taken_for_health(tmp_path, text) -> None:
    (tmp_path / "health").write_bytes(text.encode("latin-1"))

    (alarm,) = checked(tmp_path / "health", NOW)

    assert alarm.startswith("the health file cannot be read: ")


@pytest.mark.parametrize(("found", "code"), [([], 0), (["a cent"], 3)])
def test_the_check_is_a_program_that_imports_next_to_nothing(tmp_path, found, code) -> None:
    write_health(tmp_path / "health", found, datetime.now(UTC))

    done = subprocess.run(
        [sys.executable, "-IS", "-X", "importtime", health_check.__file__, tmp_path / "health"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout.split("\n")[:-1]) == (code, found)
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert imported & {"json", "re", "datetime", "pathlib", "backend", "logging", "click"} == set()
