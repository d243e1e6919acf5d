"""A server on a restored cluster that nobody else can reach: started, asked, stopped, removed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from backend.backup.postgres.programs import end
from backend.backup.postgres.server_process import last_lines, start_server
from backend.backup.results import size
from backend.config.database_url import DatabaseUrl
from backend.db.connect import KEEPALIVES, connect
from backend.db.errors import PostgresError
from backend.errors import AppError, DatabaseError, FoundWanting

_SUPERUSER = "postgres"
_POLL_SECONDS = 0.1
_PATIENCE_SECONDS = 60.0
# The database, and beside it the WAL that is replayed and what recovery writes anew.
_ROOM_FACTOR = 1.2
_ROOM_FOR_WAL = 256 * 1024 * 1024
# By these names alone: whoever looks at the folder in a shell or an editor is let be.
_LEFTOVERS = frozenset({"initdb", "pgbackrest", "postgres"})
# Nothing of it is kept: it may forget everything at a crash, and no housekeeping is worth its time.
_THROWN_AWAY = {"fsync": "off", "full_page_writes": "off", "autovacuum": "off"}


@dataclass(frozen=True)
class ScratchFolder:
    """Where restored clusters come and go, on a disk, and the folder of the server's socket."""

    root: Path
    socket: Path

    @property
    def cluster(self) -> Path:
        """Return the data folder."""
        return self.root / "cluster"

    @property
    def log(self) -> Path:
        """Return what the server has said."""
        return self.root / "log"

    def clear(self) -> None:
        """Remove what a drill has left, its server first: a killed one could clear nothing."""
        _stop_leftovers(self.cluster)
        shutil.rmtree(self.cluster, ignore_errors=True)
        for path in (self.log, *self.socket.glob(".s.PGSQL.*")):
            path.unlink(missing_ok=True)
        if self.cluster.exists():
            raise DatabaseError(f"{self.cluster} of an earlier drill cannot be removed")

    def free_bytes(self) -> int:
        """Return how much fits into the folder."""
        return shutil.disk_usage(self.root).free

    def require_room(self, database_bytes: int) -> None:
        """Check that a database of this size can be restored into the folder.

        Raises:
            AppError: it cannot.
        """
        wanted = int(database_bytes * _ROOM_FACTOR) + _ROOM_FOR_WAL
        free = self.free_bytes()
        if free < wanted:
            raise AppError(
                f"no room for a drill in {self.root}: {size(free)} free, {size(wanted)} needed",
                hint="make room on the disk that holds the engine's volumes",
            )


@contextmanager
def scratch_server(folder: ScratchFolder, environ: Mapping[str, str]) -> Iterator[DatabaseUrl]:
    """Run a server on the restored cluster until the block ends; it has recovered and is promoted.

    Raises:
        FoundWanting: it does not start, or does not reach the target of its recovery.
    """
    params = {"host": str(folder.socket), "user": _SUPERUSER, "dbname": "postgres"}
    database = DatabaseUrl("postgres", params=params, origin="the drill")
    environ = {**environ, "LANG": "C.UTF-8"}
    process = start_server(folder.cluster, folder.log, _settings(folder), environ)
    try:
        _wait_until_promoted(process, database, folder.log)
        yield database
    finally:
        # SIGTERM would wait for sessions; an immediate shutdown loses what is thrown away anyway.
        process.send_signal(signal.SIGQUIT)
        end(process)


def _settings(folder: ScratchFolder) -> Mapping[str, object]:
    return {
        **_THROWN_AWAY,
        "unix_socket_directories": folder.socket,
        # Who asks before the target is reached has to wait.
        "hot_standby": "off",
        "logging_collector": "off",
        "log_destination": "stderr",
    }


def _wait_until_promoted(
    process: subprocess.Popen[bytes], database: DatabaseUrl, log: Path
) -> None:
    while not _is_promoted(database):
        if process.poll() is not None:
            raise FoundWanting(f"the restored server did not come up: {last_lines(log)}")
        time.sleep(_POLL_SECONDS)


def _is_promoted(database: DatabaseUrl) -> bool:
    with suppress(DatabaseError, PostgresError), connect(database, KEEPALIVES) as session:
        return bool(session.execute("SELECT NOT pg_is_in_recovery()").fetchall()[0][0])
    return False


def _stop_leftovers(cluster: Path) -> None:
    """Stop what a killed drill has left running, where we can see it: its server, its restore.

    Elsewhere a server ends by itself: a postmaster looks every minute whether its folder is there.
    """
    until = time.monotonic() + _PATIENCE_SECONDS
    while (found := _processes_naming(cluster)) and time.monotonic() < until:
        for pid in found:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGQUIT)
        time.sleep(_POLL_SECONDS)


def _processes_naming(cluster: Path) -> list[int]:
    pids = [int(path.name) for path in Path("/proc").glob("[0-9]*")]
    return [pid for pid in pids if _name(pid) in _LEFTOVERS and str(cluster) in _command_line(pid)]


def _name(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text(encoding="utf-8", errors="replace").strip()
    return ""


def _command_line(pid: int) -> str:
    with suppress(OSError):
        return (
            Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        )
    return ""
