"""A drill: restore a backup into scratch, and see whether all that was there came back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from backend.backup.cluster.backup_set import BackupSet
from backend.backup.cluster.cluster_snapshot import open_databases
from backend.backup.cluster.manifest import Manifest
from backend.backup.cluster.pgbackrest import PgBackRest, RecoveryTarget
from backend.backup.cluster.restored_contents import read_restored
from backend.backup.postgres.amcheck import amcheck
from backend.backup.postgres.app_check import ask_app
from backend.backup.postgres.drill_findings import DrillFindings
from backend.backup.postgres.manifest_difference import differences
from backend.backup.postgres.omissions import omissions
from backend.backup.postgres.scratch_server import ScratchFolder, scratch_server
from backend.backup.results import DrillResult, Facts
from backend.cli.progress import Watcher
from backend.config.database_url import DatabaseUrl
from backend.errors import AppError

# Says what the app objects to in what a socket's folder leads to.
AppQuestion = Callable[[ScratchFolder], Sequence[str]]


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
        at, findings = datetime.now(UTC), DrillFindings()
        try:
            self.scratch.clear()
            self.scratch.require_room(self.backup.database_bytes)
            self._restore_and_compare(findings)
        except (AppError, OSError) as error:
            findings.differences.append(str(error))
        finally:
            self.scratch.clear()
        return self._result(at, findings)

    def _restore_and_compare(self, findings: DrillFindings) -> None:
        with findings.stage("restore", self.watcher):
            self.scratch.cluster.mkdir(mode=0o700)
            target = RecoveryTarget(
                self.backup.label,
                "name",
                self.manifest.point.name,
                timeline=str(self.manifest.point.segment.timeline),
            )
            self.pgbackrest.restore(self.scratch.cluster, target, archiving=False)
        with scratch_server(self.scratch, self.pgbackrest.environ()) as server:
            with findings.stage("compare", self.watcher):
                findings.differences += self._compare(server)
            with findings.stage("amcheck", self.watcher):
                findings.differences += amcheck(server, self.pgbackrest.environ())
            with findings.stage("app", self.watcher):
                findings.differences += self.ask(self.scratch)
            findings.omissions += omissions(server, open_databases(server))

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

    def _result(self, at: datetime, findings: DrillFindings) -> DrillResult:
        facts: Facts = {
            "set": self.backup.label,
            "tables": self.manifest.tables,
            "rows": self.manifest.rows,
            "not_compared": "; ".join(findings.omissions) or None,
            **findings.took(),
            "seconds": round((datetime.now(UTC) - at).total_seconds(), 1),
        }
        return DrillResult(self.manifest.point.name, at, findings.shown(), facts)


def unproved(manifest: Manifest, backup: BackupSet) -> Iterator[str]:
    """Yield what nobody could look at: that nothing differs in it proves nothing."""
    for name, why in manifest.not_compared.items():
        yield f"database {name} was not compared: {why}; `up` lets it in again"
    if not manifest.tables:
        yield "nothing was compared: no database had a table"
    if backup.page_errors:
        yield f"pages had wrong checksums in the database when {backup.label} was made"
