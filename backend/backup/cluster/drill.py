"""A drill: restore a backup into scratch, and see whether all that was there came back."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from backend.backup.backups import DrillResult, Facts, size
from backend.backup.cluster.app_check import ask_app
from backend.backup.cluster.backup_set import BackupSet
from backend.backup.cluster.manifest import Manifest
from backend.backup.cluster.pgbackrest import PgBackRest, RecoveryTarget
from backend.backup.cluster.restored_contents import read_restored
from backend.backup.postgres.manifest_difference import differences
from backend.backup.postgres.programs import run_program
from backend.backup.postgres.scratch_server import ScratchFolder, scratch_server
from backend.cli.progress import Watcher
from backend.config.database_url import DatabaseUrl
from backend.errors import AppError

_CORRUPT = 2  # of pg_amcheck: it has looked, and found something
# The database, and beside it the WAL that is replayed and what recovery writes anew.
_ROOM_FACTOR = 1.2
_ROOM_FOR_WAL = 256 * 1024 * 1024
_MOST_DIFFERENCES = 50

# Says what the app objects to in what a socket's folder leads to.
AppQuestion = Callable[[ScratchFolder], Sequence[str]]


@dataclass
class _Findings:
    """What has been found so far, and how long each stage took."""

    differences: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Drill:
    """One backup to be proved: what it must bring back, and from which set."""

    manifest: Manifest
    backup: BackupSet
    pgbackrest: PgBackRest
    scratch: ScratchFolder
    watcher: Watcher
    ask: AppQuestion = lambda scratch: ask_app(scratch.socket)

    def run(self) -> DrillResult:
        """Restore, compare, check; whatever goes wrong on the way is a difference too."""
        at, findings = datetime.now(UTC), _Findings()
        try:
            self.scratch.clear()
            self._require_room()
            self._restore_and_compare(findings)
        except (AppError, OSError) as error:
            findings.differences.append(str(error))
        finally:
            self.scratch.clear()
        return self._result(at, findings)

    def _restore_and_compare(self, findings: _Findings) -> None:
        with self._stage("restore", findings):
            self.scratch.cluster.mkdir(mode=0o700)
            target = RecoveryTarget(
                self.backup.label,
                "name",
                self.manifest.point.name,
                timeline=str(self.manifest.point.segment.timeline),
            )
            self.pgbackrest.restore(self.scratch.cluster, target, archiving=False)
        with scratch_server(self.scratch, self.pgbackrest.environ()) as server:
            for name, look in (("compare", self._compare), ("amcheck", self._amcheck)):
                with self._stage(name, findings):
                    findings.differences += look(server)
            with self._stage("app", findings):
                findings.differences += self.ask(self.scratch)

    def _compare(self, server: DatabaseUrl) -> list[str]:
        found = read_restored(
            server,
            self.pgbackrest.search_path,
            self.watcher,
            without=self.manifest.not_compared,
        )
        return [
            *unproved(self.manifest, self.backup),
            *differences(self.manifest.databases, found),
        ]

    def _amcheck(self, server: DatabaseUrl) -> list[str]:
        """Check all tables and indexes: an index may be wrong though every row is right."""
        where = (f"--host={server.params['host']}", f"--username={server.params['user']}")
        command = ("pg_amcheck", *where, "--all", "--heapallindexed", "--install-missing")
        result = run_program(command, self.pgbackrest.environ())
        if not result.exit_code:
            return []
        lines = [line.strip() for line in result.stdout.splitlines() if line.strip()]
        if result.exit_code != _CORRUPT:
            return [f"pg_amcheck could not look: {result.last_words()}"]
        return [f"pg_amcheck: {line}" for line in lines] or ["pg_amcheck found corruption"]

    def _require_room(self) -> None:
        wanted = int(self.backup.database_bytes * _ROOM_FACTOR) + _ROOM_FOR_WAL
        free = self.scratch.free_bytes()
        if free < wanted:
            raise AppError(
                f"no room for a drill in {self.scratch.root}: {size(free)} free,"
                f" {size(wanted)} needed",
                hint="make room on the disk that holds the engine's volumes",
            )

    def _stage(self, name: str, findings: _Findings) -> AbstractContextManager[None]:
        self.watcher.stage(name)
        return _timed(name, findings)

    def _result(self, at: datetime, findings: _Findings) -> DrillResult:
        found = findings.differences
        left_out = len(found) - _MOST_DIFFERENCES
        shown = [*found[:_MOST_DIFFERENCES], *([f"{left_out} more"] if left_out > 0 else [])]
        facts: Facts = {
            "set": self.backup.label,
            "tables": self.manifest.tables,
            "rows": self.manifest.rows,
            **{f"{name}_seconds": round(took, 1) for name, took in findings.seconds.items()},
            "seconds": round((datetime.now(UTC) - at).total_seconds(), 1),
        }
        return DrillResult(self.manifest.point.name, at, shown, facts)


def unproved(manifest: Manifest, backup: BackupSet) -> Iterator[str]:
    """Yield what nobody could look at: that nothing differs in it proves nothing."""
    for name, why in manifest.not_compared.items():
        yield f"database {name} was not compared: {why}; `up` lets it in again"
    if not manifest.tables:
        yield "nothing was compared: no database had a table"
    if backup.page_errors:
        yield f"pages had wrong checksums in the database when {backup.label} was made"


@contextmanager
def _timed(name: str, findings: _Findings) -> Iterator[None]:
    begun = time.monotonic()
    try:
        yield
    finally:
        findings.seconds[name] = time.monotonic() - begun
