"""Jobs on a repository whose disk is full: what was found is said, though it cannot be noted."""

import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from backend.backup import keys
from backend.backup.cluster.settings import load_cluster_settings
from backend.backup.cluster.workshop import BackupWorkshop, open_workshop
from backend.backup.restore.cluster_lock import everything_kept
from backend.backup.results import DrillResult
from backend.cli.progress import Lines
from backend.errors import DatabaseError, LockHeldError
from tests.unit.backup.cluster.test_backup_set import ONE, info

NOON = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
# As pgBackRest answers in a sound repository, as far as we ask.
PROGRAM = """#!/bin/sh
case "$*" in
  *info*) cat {folder}/info ;;
  *verify*) echo 'status: ok' ;;
esac
"""


@pytest.fixture
def workshop(tmp_path: Path) -> BackupWorkshop:
    """One whose program says that all is well; there is no server."""
    control = tmp_path / "data/global/pg_control"
    control.parent.mkdir(parents=True)
    control.write_bytes((7712701674926625526).to_bytes(8, sys.byteorder))
    program = tmp_path / "pgbackrest"
    program.write_text(PROGRAM.format(folder=tmp_path))
    program.chmod(0o755)
    (tmp_path / "info").write_text(info(0, "ok", ONE))
    (tmp_path / "repository.conf").write_text("[global]\n")
    (tmp_path / "manifest_key").write_text(keys.generate().identity + "\n")
    (tmp_path / "manifest_key").chmod(0o600)
    folders = {"PGDATA": control.parents[1], "BACKUP_DIR": tmp_path, "BACKUP_KEYS_DIR": tmp_path}
    return open_workshop(
        load_cluster_settings(
            {name: str(path) for name, path in folders.items()}
            | {"PATH": f"{tmp_path}:/usr/bin:/bin", "PG_SOCKET_DIR": str(tmp_path)}
        )
    )


@contextmanager
def no_room() -> Iterator[None]:
    """Let no file grow: what a full disk is to whoever writes."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_what_verify_has_found_is_said_and_that_it_is_not_noted(workshop: BackupWorkshop) -> None:
    workshop.folder.prepare()
    with no_room():
        result = workshop.verify(Lines())

    assert result.backups == 1
    assert result.findings
    assert result.facts["not_noted"] == "File too large"


def test_a_drill_that_cannot_be_noted_proves_nothing(workshop, monkeypatch) -> None:
    workshop.folder.prepare()
    result = DrillResult("backup-1", NOON, ["a cent"], {"rows": 5})
    monkeypatch.setattr(BackupWorkshop, "_drilled", lambda *_: result)

    with no_room(), pytest.raises(DatabaseError, match=r"a cent; .* counts for nothing") as caught:
        workshop.drill(None, Lines())

    assert "make room in BACKUP_DIR" in caught.value.hint


def test_nothing_is_removed_while_a_restore_reads(workshop: BackupWorkshop) -> None:
    workshop.folder.prepare()

    with everything_kept(workshop.folder), pytest.raises(LockHeldError):
        workshop.expire()

    workshop.expire()
