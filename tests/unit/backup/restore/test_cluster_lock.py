"""The locks of a restore: on the data, by a server or by it; on old backups, against their removal."""

import subprocess
from pathlib import Path

import pytest

from backend.backup.cluster.repository import ClusterFolder
from backend.backup.restore.cluster_lock import cluster_lock, everything_kept
from backend.db.locks import BACKUP, path_lock
from backend.errors import ConfigError, LockHeldError, RefusedError


def test_whoever_holds_the_cluster_keeps_a_restore_out(tmp_path: Path) -> None:
    # As the entrypoint of `db` does it.
    script = 'exec 9>>"$1/.postmaster-lock"; flock -n 9; echo held; read -r _'
    with subprocess.Popen(
        ["sh", "-c", script, "sh", str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == "held\n"

        with pytest.raises(RefusedError, match="the database is running"), cluster_lock(tmp_path):
            pass

        server.communicate("\n")
    with cluster_lock(tmp_path):
        pass


def test_a_second_restore_waits_for_nobody(tmp_path: Path) -> None:
    with cluster_lock(tmp_path), pytest.raises(RefusedError), cluster_lock(tmp_path):
        pass


def test_a_volume_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be written to"), cluster_lock(tmp_path / "no"):
        pass


def test_what_blocks_inside_is_not_taken_for_a_server(tmp_path: Path) -> None:
    with pytest.raises(BlockingIOError), cluster_lock(tmp_path):
        raise BlockingIOError


def test_old_backups_that_are_being_removed_are_waited_for_and_then_named(tmp_path: Path) -> None:
    folder = ClusterFolder(tmp_path / "7712701674926625526")
    folder.prepare()

    with (
        path_lock(folder.retention_lock, BACKUP, folder.subject),
        pytest.raises(
            LockHeldError, match="is backing up or restoring cluster 7712701674926625526"
        ),
        everything_kept(folder, wait=0.2),
    ):
        pass


def test_a_repository_that_takes_no_lock_is_restored_from_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with everything_kept(ClusterFolder(tmp_path / "file")):
        pass
