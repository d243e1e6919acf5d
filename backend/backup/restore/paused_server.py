"""A server on a restored cluster that replays up to a target, waits there, and lets itself be read.

It is a standby and is never promoted: that would begin a timeline, which belongs to the database
alone, after the switch. Nor does it archive.
"""

from __future__ import annotations

import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from backend.backup.postgres.programs import end
from backend.backup.postgres.server_process import last_lines, start_server
from backend.config.database_url import DatabaseUrl
from backend.db import private_files
from backend.db.connect import KEEPALIVES, connect
from backend.db.errors import PostgresError
from backend.errors import DatabaseError, FoundWanting

_CONFIG = Path("/etc/postgresql/postgresql.conf")
_POLL_SECONDS = 0.1
# A standby waits for ever for WAL that is not there. Once it may be asked, it tells so itself.
_WAITS_FOR_WAL = "waiting for WAL to become available"
_PATIENCE_SECONDS = 60.0
_LOWER_SETTING = re.compile(r"\w+ = \d+ is a lower setting than .*")
# What is not there ends with 1, and ends the replay. Any other failure must not look like the end
# of the WAL: above 125 it stops the server (https://www.postgresql.org/docs/17/continuous-archiving.html).
_FETCH = (
    'pgbackrest --stanza=app archive-get %f "%p"; code=$?; [ $code -le 1 ] || exit 126; exit $code'
)
_STATE = """
    SELECT pg_get_wal_replay_pause_state() = 'paused',
        EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'startup'
            AND wait_event = 'RecoveryRetrieveRetryInterval'),
        pg_last_wal_replay_lsn()::text, pg_last_xact_replay_timestamp()"""


@dataclass(frozen=True)
class ReplayEnd:
    """Where the replay stands still: at its target, or where the WAL ends."""

    is_target: bool
    lsn: str
    last_commit: datetime | None


@dataclass(frozen=True)
class PausedServer:
    """A server that can be asked, and where it stands."""

    database: DatabaseUrl
    end: ReplayEnd


def prepare_pause(cluster: Path) -> None:
    """Let the next start replay as a standby, which waits at its target and at the WAL's end."""
    _append(cluster, f"restore_command = '{_FETCH}'", "recovery_target_action = 'pause'")
    (cluster / "recovery.signal").unlink(missing_ok=True)
    private_files.replace(cluster / "standby.signal", "")


def prepare_promotion(cluster: Path, end: ReplayEnd) -> None:
    """Let the next start, the database's own, replay to the same place and go on from there."""
    # A target that the WAL does not reach is an error then, even if all that is there is wanted.
    target = () if end.is_target else ("recovery_target_time = ''",)
    _append(cluster, *target, "recovery_target_action = 'promote'")
    private_files.replace(cluster / "recovery.signal", "")
    (cluster / "standby.signal").unlink(missing_ok=True)
    private_files.sync_folder(cluster)


@contextmanager
def paused_server(cluster: Path, environ: Mapping[str, str]) -> Iterator[PausedServer]:
    """Run a server until the block ends; it has replayed what there is up to the target.

    Raises:
        FoundWanting: it does not start, or cannot replay.
    """
    with tempfile.TemporaryDirectory(prefix="restore-") as name:
        folder = Path(name)
        log = folder / "log"
        params = {"host": name, "user": "postgres", "dbname": "postgres"}
        database = DatabaseUrl("postgres", params=params, origin="the restored cluster")
        process = _start(cluster, folder, environ)
        try:
            yield PausedServer(database, wait_until_still(process, database, log))
        finally:
            _stop(process)


def _start(cluster: Path, folder: Path, environ: Mapping[str, str]) -> subprocess.Popen[bytes]:
    settings = {
        "config_file": _CONFIG,
        "unix_socket_directories": folder,
        "hot_standby": "on",
        "wal_retrieve_retry_interval": "500ms",
    }
    environ = {**environ, "PGBACKREST_PG1_PATH": str(cluster)}
    return start_server(cluster, folder / "log", settings, environ)


def wait_until_still(
    process: subprocess.Popen[bytes],
    database: DatabaseUrl,
    log: Path,
    *,
    patience: float = _PATIENCE_SECONDS,
) -> ReplayEnd:
    """Return where the replay ended, as soon as it has.

    Raises:
        FoundWanting: it never will.
    """
    heard = time.monotonic()
    while True:
        if process.poll() is not None:
            _refuse_lower_setting(log)
            raise FoundWanting(f"the restored cluster does not start: {last_lines(log)}")
        with suppress(DatabaseError, PostgresError), connect(database, KEEPALIVES) as session:
            ((is_target, is_end, lsn, last_commit),) = session.execute(_STATE).fetchall()
            if is_target or is_end:
                _refuse_lower_setting(log)
                return ReplayEnd(is_target, lsn, last_commit)
            heard = time.monotonic()
        if not _lacks_wal(log):
            heard = time.monotonic()
        elif time.monotonic() > heard + patience:
            raise FoundWanting(
                "WAL is missing before the end of the backup: the restored cluster cannot be used",
                hint="nothing was switched; choose another backup, and see `verify`",
            )
        time.sleep(_POLL_SECONDS)


def _refuse_lower_setting(log: Path) -> None:
    """Refuse a pause that is not the target's: a standby also waits where its memory is too small.

    The database, which is none, would go on from there to a state that nobody has compared.
    """
    if found := _LOWER_SETTING.search(log.read_text(encoding="utf-8", errors="replace")):
        raise FoundWanting(
            f"the replay does not come to its target: {found[0]}",
            hint="nothing was switched; raise it in docker/postgres/postgresql.conf, or name a"
            " state with a later backup",
        )


def _lacks_wal(log: Path) -> bool:
    return _WAITS_FOR_WAL in log.read_text(encoding="utf-8", errors="replace")


def _stop(process: subprocess.Popen[bytes]) -> None:
    # SIGTERM would wait for sessions.
    process.send_signal(signal.SIGINT)
    with suppress(subprocess.TimeoutExpired):
        process.wait(60)
    if process.poll() is None:
        end(process)


def _append(cluster: Path, *lines: str) -> None:
    # Of several lines for a setting the last one counts.
    path = cluster / "postgresql.auto.conf"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    private_files.replace(path, text + "".join(f"{line}\n" for line in lines))
