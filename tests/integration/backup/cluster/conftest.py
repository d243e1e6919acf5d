"""A server that archives its WAL, and clusters that come back from it, by Postgres alone.

What a manifest promises has nothing to do with pgBackRest; the stack's tests put the two together.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import psycopg
import pytest

from tests.fix_postgres import NOBODY, QUICK, PostgresServer, new_server, remove
from tests.memory import in_memory
from tests.polling import wait_for

_PROMOTED = "SELECT NOT pg_is_in_recovery()"


@pytest.fixture
def archive() -> Iterator[Path]:
    """A folder for WAL, which the server's user can write to."""
    folder = Path(tempfile.mkdtemp(prefix="hesap-paylas-wal-", dir=in_memory()))
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def cluster(archive: Path) -> Iterator[PostgresServer]:
    """A server whose WAL goes to the archive."""
    archiving = {"archive_mode": "on", "archive_command": f"cp %p {archive}/%f"}
    server = new_server({**QUICK, **archiving})
    yield server
    remove(server)


@pytest.fixture
def base(cluster: PostgresServer) -> Iterator[Path]:
    """A folder with a backup of the cluster, made before the test."""
    base = Path(tempfile.mkdtemp(prefix="hesap-paylas-base-", dir=in_memory()))
    base.chmod(0o755)
    _base_backup(cluster, base / "data")
    _give_away(base)
    yield base
    shutil.rmtree(base)


@pytest.fixture
def replayed(
    cluster: PostgresServer, archive: Path, base: Path
) -> Iterator[Callable[[str, Mapping[str, str]], PostgresServer]]:
    """Start a server on the backup that replays the archive, by a signal file and settings."""
    started: list[PostgresServer] = []

    def replay(signal_file: str, settings: Mapping[str, str]) -> PostgresServer:
        cluster.execute("SELECT pg_switch_wal()")
        recovery = {**QUICK, "restore_command": f"cp {archive}/%f %p", **settings}
        server = PostgresServer(base, cluster.programs, recovery, cluster.password)
        (server.data / signal_file).touch()
        _give_away(server.data / signal_file)
        started.append(server)
        server.start()
        return server

    yield replay
    for server in started:
        server.stop()


@pytest.fixture
def back_at(
    replayed: Callable[[str, Mapping[str, str]], PostgresServer],
) -> Callable[[str], PostgresServer]:
    """Bring the cluster back as it was at a restore point."""

    def bring_back(point: str) -> PostgresServer:
        target = {"recovery_target_name": point, "recovery_target_action": "promote"}
        server = replayed("recovery.signal", {"hot_standby": "off", **target})
        wait_for(lambda: _is_promoted(server), "the end of the recovery")
        return server

    return bring_back


def _is_promoted(server: PostgresServer) -> bool:
    with psycopg.connect(server.url.conninfo(), autocommit=True) as session:
        return bool(session.execute(_PROMOTED).fetchall()[0][0])


def _base_backup(cluster: PostgresServer, folder: Path) -> None:
    environ = {**os.environ, "PGPASSWORD": cluster.password}
    where = psycopg.conninfo.make_conninfo("", **cluster.url.params)
    program = str(cluster.programs / "pg_basebackup")
    command = [program, "-D", str(folder), "-d", where, "-c", "fast", "-X", "none"]
    subprocess.run(command, check=True, capture_output=True, env=environ)


def _give_away(folder: Path) -> None:
    if os.geteuid() == 0:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, NOBODY, NOBODY)
