"""`create`: one snapshot, dumped and described, and whole in the folder or not there."""

from __future__ import annotations

import re
from datetime import datetime

from backend.backup.dump.archive_stream import write_dump
from backend.backup.dump.dump_manifest import DatabaseFacts, DumpManifest
from backend.backup.dump.dump_snapshot import dump_snapshot
from backend.backup.dump.settings import DumpSettings
from backend.backup.keys import BackupKey
from backend.backup.postgres.contents import TableContents
from backend.backup.postgres.database_objects import StoredTable
from backend.backup.postgres.database_snapshot import DatabaseSnapshot
from backend.backup.postgres.manifest_contents import TableCounter, read_contents
from backend.backup.postgres.programs import run_program
from backend.backup.results import BackupRecord
from backend.backup.room import check_room
from backend.cli.progress import Watcher
from backend.db import private_files
from backend.db.errors import translated
from backend.errors import DatabaseError, RefusedError

_GROWTH = 1.2
_VERSION = re.compile(r"\(PostgreSQL\) (\d+)")
_FACTS = """
    SELECT d.datname::text, current_setting('server_version_num')::int,
        pg_encoding_to_char(d.encoding)::text, pg_database_size(d.oid), ARRAY(
            SELECT r.rolname::text FROM pg_roles r WHERE NOT starts_with(r.rolname::text, 'pg_')
            ORDER BY r.rolname)
    FROM pg_database d WHERE d.datname = current_database()"""


def create_dump(
    settings: DumpSettings, key: BackupKey, at: datetime, watcher: Watcher
) -> BackupRecord:
    """Dump what readers see now; nobody who writes has to wait.

    Raises:
        RefusedError: the server is newer than pg_dump here, or a pooler is in between.
        DatabaseError: there is no room, or not everything can be read.
    """
    repository = settings.repository
    check_room(_last_size(settings), repository.root)
    name = repository.new_name(at)
    watcher.stage("snapshot")
    with dump_snapshot(settings.database) as snapshot, repository.new_archive(name) as file:
        facts = _facts(snapshot)
        require_programs_for(facts.server_version, settings.search_path)
        watcher.stage("dump")
        archive = write_dump(
            settings.database,
            _exported(snapshot),
            file,
            key.recipient,
            search_path=settings.search_path,
        )
        watcher.stage("manifest")
        contents = read_contents(snapshot, settings.search_path, _counter(watcher))
        manifest = DumpManifest(name, at, facts, archive, contents)
        encrypted = manifest.encrypted(key.recipient)
        private_files.write_whole(repository.manifest(name), encrypted, mode=repository.file_mode)
    return BackupRecord(name, at, repository.kind, archive.bytes)


def require_programs_for(server_version: int, search_path: str) -> None:
    """Check that our pg_dump reads a server of a version.

    Raises:
        RefusedError: it is older.
    """
    said = run_program(("pg_dump", "--version"), {"PATH": search_path})
    found = _VERSION.search(said.stdout)
    if found is None:
        raise DatabaseError(f"pg_dump does not tell its version: {said.last_words()}")
    server, ours = server_version // 10000, int(found[1])
    if server > ours:
        raise RefusedError(
            f"the server is PostgreSQL {server}, newer than pg_dump here, which is {ours}:"
            " nothing was dumped",
            hint="no older pg_dump reads it: until a release brings that version, rely on the"
            " provider's backups, or dump with a client of that version",
        )


def _facts(snapshot: DatabaseSnapshot) -> DatabaseFacts:
    with translated("asking what the database is"):
        ((name, version, encoding, size, roles),) = snapshot.session.execute(_FACTS).fetchall()
    return DatabaseFacts(name, version, encoding, size, tuple(roles))


def _exported(snapshot: DatabaseSnapshot) -> str:
    with translated("exporting a snapshot"):
        return str(snapshot.session.execute("SELECT pg_export_snapshot()").fetchall()[0][0])


def _counter(watcher: Watcher) -> TableCounter:
    def count(table: StoredTable, digest: TableContents) -> None:
        watcher.advance(str(table), digest.rows)

    return count


def _last_size(settings: DumpSettings) -> int:
    backups = settings.repository.backups()
    return int(backups[-1].bytes * _GROWTH) if backups else 0
