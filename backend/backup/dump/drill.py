"""`drill`: a dump is restored into a server of our own, and has to be what its manifest says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from backend.backup.archive_digest import digest_archive
from backend.backup.dump.archive_stream import restore_dump
from backend.backup.dump.contents import compare_with
from backend.backup.dump.dump_manifest import DumpManifest
from backend.backup.dump.settings import DumpSettings
from backend.backup.keys import BackupKey
from backend.backup.postgres.amcheck import amcheck
from backend.backup.postgres.app_check import ask_app
from backend.backup.postgres.client_login import client_environ
from backend.backup.postgres.drill_findings import DrillFindings
from backend.backup.postgres.programs import run_program
from backend.backup.postgres.scratch_server import scratch_server
from backend.backup.results import DrillResult, Facts
from backend.cli.progress import Watcher
from backend.config.database_url import DatabaseUrl
from backend.db import sql
from backend.db.connect import KEEPALIVES, connect
from backend.db.errors import translated
from backend.errors import AppError, FoundWanting

# By this name the app's half of the drill asks for it, whatever it is called at home.
_DATABASE = "hesap_paylas"
_SUPERUSER = "postgres"
_NEW_CLUSTER = ("--username=postgres", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C")
_CREATE_ROLE = "CREATE ROLE {}"
_CREATE_DATABASE = "CREATE DATABASE {} TEMPLATE template0 ENCODING {} LOCALE {}"

# Says what the app objects to in what was restored.
DumpQuestion = Callable[[DumpSettings], Sequence[str]]


def ask_release(settings: DumpSettings) -> Sequence[str]:
    """Let the release that serves look at what was restored."""
    return ask_app(settings.scratch.socket, patience=settings.check_seconds)


@dataclass(frozen=True)
class DumpDrill:
    """One dump to be proved, with what it must bring back."""

    settings: DumpSettings
    key: BackupKey
    name: str
    watcher: Watcher
    ask: DumpQuestion

    def run(self) -> DrillResult:
        """Restore, compare, check; whatever goes wrong on the way is a difference too."""
        at, findings = datetime.now(UTC), DrillFindings()
        facts: Facts = {}
        scratch = self.settings.scratch
        try:
            manifest = self.settings.repository.read_manifest(self.name, self.key)
            facts = {"tables": len(manifest.contents.tables), "rows": manifest.contents.rows}
            scratch.clear()
            scratch.require_room(manifest.database.bytes)
            self._restore_and_compare(manifest, findings)
        except (AppError, OSError) as error:
            findings.differences.append(str(error))
        finally:
            scratch.clear()
        return DrillResult(self.name, at, findings.shown(), _facts(facts, findings, at))

    def _restore_and_compare(self, manifest: DumpManifest, findings: DrillFindings) -> None:
        archive, environ = self.settings.repository.archive(self.name), self._environ()
        with findings.stage("read", self.watcher):
            found = digest_archive(archive)
            findings.differences += manifest.archive.differences(found, self.name)
            self._new_cluster()
        with scratch_server(self.settings.scratch, environ) as server:
            database = server.with_database(_DATABASE)
            with findings.stage("restore", self.watcher):
                _prepare(server, manifest)
                restore_dump(archive, self.key, database, search_path=self.settings.search_path)
            with findings.stage("compare", self.watcher):
                findings.differences += compare_with(
                    manifest, database, self.settings.search_path, self.watcher
                )
            with findings.stage("amcheck", self.watcher):
                findings.differences += amcheck(server, environ)
            with findings.stage("app", self.watcher):
                findings.differences += self.ask(self.settings)

    def _new_cluster(self) -> None:
        command = ("initdb", f"--pgdata={self.settings.scratch.cluster}", *_NEW_CLUSTER)
        result = run_program(command, self._environ())
        if result.exit_code:
            raise FoundWanting(f"no scratch server could be made: {result.last_words()}")

    def _environ(self) -> Mapping[str, str]:
        return client_environ(self.settings.search_path)


def _prepare(server: DatabaseUrl, manifest: DumpManifest) -> None:
    """Make the roles that own things in the dump, and a database that takes its texts."""
    encoding = manifest.database.encoding
    locale = "C.UTF-8" if encoding == "UTF8" else "C"
    with connect(server, KEEPALIVES) as session, translated("preparing the scratch server"):
        for role in manifest.database.roles:
            if role != _SUPERUSER:
                session.execute(sql.statement(_CREATE_ROLE, sql.name(role)))
        words = (sql.name(_DATABASE), sql.value(encoding), sql.value(locale))
        session.execute(sql.statement(_CREATE_DATABASE, *words))


def _facts(facts: Facts, findings: DrillFindings, at: datetime) -> Facts:
    seconds = round((datetime.now(UTC) - at).total_seconds(), 1)
    return {**facts, **findings.took(), "seconds": seconds}
