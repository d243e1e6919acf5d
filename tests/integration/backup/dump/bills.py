"""Somebody's database on a server that somebody else runs, and its dumps."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from backend.backup.dump.dump_backups import DumpBackups
from backend.backup.dump.repository import DumpRepository
from backend.backup.dump.settings import DumpSettings
from backend.backup.postgres.scratch_server import ScratchFolder
from backend.backup.results import BackupRecord, DrillResult
from backend.cli.progress import Lines
from backend.config.database_url import DatabaseUrl
from tests.fix_postgres import NOBODY, PostgresServer

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@dataclass
class Bills:
    """A database of two tables, a login that owns them, and the commands."""

    server: PostgresServer
    settings: DumpSettings
    now: datetime = NOON
    objections: Sequence[str] = ()
    backups: DumpBackups = field(init=False)

    def __post_init__(self) -> None:
        self.backups = DumpBackups(
            lambda: self.settings, now=lambda: self.now, ask=lambda _: self.objections
        )

    @property
    def repository(self) -> DumpRepository:
        return self.settings.repository

    def execute(self, *statements: str) -> None:
        """Change the database, as the superuser."""
        self.server.execute(*statements, dbname=self.settings.database.params["dbname"])

    def create(self) -> BackupRecord:
        return self.backups.create(None, Lines())

    def drill(self, name: str | None = None) -> DrillResult:
        return self.backups.drill(name, Lines())

    def logged_in_as(self, database: DatabaseUrl) -> None:
        """Dump another database from now on, into the same folder."""
        self.settings = replace(self.settings, database=database)


def settings_in(folder: Path, database: DatabaseUrl, programs: Path) -> DumpSettings:
    """Return settings whose folders lie in one."""
    scratch = ScratchFolder(folder / "scratch", folder / "socket")
    for path in (scratch.root, scratch.socket, folder / "keys", folder / "backups"):
        path.mkdir()
    for path in (folder, scratch.root, scratch.socket):
        path.chmod(0o777)
    repository = DumpRepository(folder / "backups/dumps-bills", folder / "keys/dump_key")
    search_path = _search_path(folder, programs)
    return DumpSettings(
        database, repository, folder / "keys", scratch, search_path, check_seconds=300, enabled=True
    )


def _search_path(folder: Path, programs: Path) -> str:
    """Return where programs are found.

    A server refuses to be root, so that here it is nobody's; and the wheel has no amcheck, which
    the stack's tests ask.
    """
    shims = folder / "bin"
    shims.mkdir()
    _write_shim(shims / "pg_amcheck", "true")
    if os.geteuid() == 0:
        for name in ("initdb", "postgres"):
            who = f"setpriv --reuid={NOBODY} --regid={NOBODY} --clear-groups"
            _write_shim(shims / name, f'exec {who} {programs / name} "$@"')
    return f"{shims}:{programs}:/usr/bin:/bin"


def _write_shim(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(stat.S_IRWXU)
