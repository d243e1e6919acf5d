"""What all databases of a restored cluster hold, on a server that nobody writes to."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from backend.backup.cluster.cluster_snapshot import open_databases
from backend.backup.postgres.contents import DatabaseContents, TableContents
from backend.backup.postgres.database_objects import StoredTable
from backend.backup.postgres.database_snapshot import still_database
from backend.backup.postgres.manifest_contents import read_contents
from backend.cli.progress import Watcher
from backend.config.database_url import DatabaseUrl
from backend.db.errors import translated


def read_restored(
    server: DatabaseUrl, search_path: str, watcher: Watcher, *, without: Collection[str] = ()
) -> Mapping[str, DatabaseContents]:
    """Return the contents of every database but those that the manifest leaves out."""

    def count(table: StoredTable, digest: TableContents) -> None:
        watcher.advance(str(table), digest.rows)

    found = {}
    # What is damaged may be the catalog itself.
    for name, database in open_databases(server).items():
        if name not in without:
            with translated(f"reading database {name}"), still_database(database) as snapshot:
                found[name] = read_contents(snapshot, search_path, count)
    return found
