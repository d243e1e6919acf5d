"""The lock of the data: held by a server or by a restore, never by both."""

import subprocess
from pathlib import Path

import pytest

from backend.backup.restore.cluster_lock import cluster_lock
from backend.errors import ConfigError, RefusedError


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
