"""A server on a restored cluster that nobody else can reach: started, asked, stopped, removed."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from backend.backup.cluster.programs import end
from backend.config.database_url import DatabaseUrl
from backend.db.connect import KEEPALIVES, connect
from backend.db.errors import PostgresError
from backend.errors import DatabaseError, FoundWanting

_SUPERUSER = "postgres"
_RULES = "local all all trust\n"
_POLL_SECONDS = 0.1
_PATIENCE_SECONDS = 60.0
_LOG_LINES = 3
_WRONG = re.compile("FATAL:|PANIC:|ERROR:")
# What our own question was answered while it recovered.
_ASKED_TOO_EARLY = "FATAL:  the database system is "
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
        stats = os.statvfs(self.root)
        return stats.f_bavail * stats.f_frsize


@contextmanager
def scratch_server(folder: ScratchFolder, environ: Mapping[str, str]) -> Iterator[DatabaseUrl]:
    """Run a server on the restored cluster until the block ends; it has recovered and is promoted.

    Raises:
        FoundWanting: it does not start, or does not reach the target of its recovery.
    """
    rules = folder.root / "hba.conf"
    rules.write_text(_RULES, encoding="utf-8")
    params = {"host": str(folder.socket), "user": _SUPERUSER, "dbname": "postgres"}
    database = DatabaseUrl("postgres", params=params, origin="the drill")
    with folder.log.open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - our own words
            _command(folder, rules),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**environ, "LANG": "C.UTF-8"},
        )
    try:
        _wait_until_promoted(process, database, folder.log)
        yield database
    finally:
        # SIGTERM would wait for sessions; an immediate shutdown loses what is thrown away anyway.
        process.send_signal(signal.SIGQUIT)
        end(process)


def _command(folder: ScratchFolder, rules: Path) -> list[str]:
    settings = {
        **_THROWN_AWAY,
        "hba_file": rules,
        "listen_addresses": "",
        "unix_socket_directories": folder.socket,
        "archive_mode": "off",
        # Who asks before the target is reached has to wait.
        "hot_standby": "off",
        "logging_collector": "off",
        "log_destination": "stderr",
    }
    flags = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    return ["postgres", "-D", str(folder.cluster), *flags]


def _wait_until_promoted(
    process: subprocess.Popen[bytes], database: DatabaseUrl, log: Path
) -> None:
    while not _is_promoted(database):
        if process.poll() is not None:
            raise FoundWanting(f"the restored server did not come up: {_last_lines(log)}")
        time.sleep(_POLL_SECONDS)


def _is_promoted(database: DatabaseUrl) -> bool:
    with suppress(DatabaseError, PostgresError), connect(database, KEEPALIVES) as session:
        return bool(session.execute("SELECT NOT pg_is_in_recovery()").fetchall()[0][0])
    return False


def _last_lines(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    wrong = [line for line in lines if _WRONG.search(line) and _ASKED_TOO_EARLY not in line]
    said = [line.split("] ", 1)[-1].strip() for line in (wrong or lines)[-_LOG_LINES:]]
    return "; ".join(said)


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
    return [pid for pid in pids if pid != os.getpid() and str(cluster) in _command_line(pid)]


def _command_line(pid: int) -> str:
    with suppress(OSError):
        return (
            Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        )
    return ""
