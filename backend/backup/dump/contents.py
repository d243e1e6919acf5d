"""Whether a database that a dump was restored into holds what its manifest says."""

from __future__ import annotations

from collections.abc import Iterator

from backend.backup.dump.dump_manifest import DumpManifest
from backend.backup.postgres.contents import TableContents
from backend.backup.postgres.database_objects import StoredTable
from backend.backup.postgres.database_snapshot import still_database
from backend.backup.postgres.manifest_contents import read_contents
from backend.backup.postgres.manifest_difference import differences
from backend.cli.progress import Watcher
from backend.config.database_url import DatabaseUrl
from backend.db.errors import translated


def compare_with(
    manifest: DumpManifest, database: DatabaseUrl, search_path: str, watcher: Watcher
) -> Iterator[str]:
    """Yield each difference in words; nothing if all is exactly as it was."""

    def count(table: StoredTable, digest: TableContents) -> None:
        watcher.advance(str(table), digest.rows)

    with translated("reading what was restored"), still_database(database) as snapshot:
        found = read_contents(snapshot, search_path, count)
    name = manifest.database.name
    if not manifest.contents.tables:
        yield "nothing was compared: the database had no table"
    yield from differences({name: manifest.contents}, {name: found})
