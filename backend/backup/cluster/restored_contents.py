"""What all databases of a restored cluster hold, on a server that nobody writes to."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager

from backend.backup.cluster.cluster_snapshot import (
    DatabaseSnapshot,
    open_databases,
    snapshot_session,
)
from backend.backup.cluster.database_objects import StoredTable, sequence_states, stored_tables
from backend.backup.cluster.manifest import DatabaseContents, TableContents
from backend.backup.cluster.manifest_contents import read_contents
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
            with translated(f"reading database {name}"), _still(database) as snapshot:
                found[name] = read_contents(snapshot, search_path, count)
    return found


@contextmanager
def _still(database: DatabaseUrl) -> Iterator[DatabaseSnapshot]:
    with snapshot_session(database) as session:
        session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield DatabaseSnapshot(database, session, stored_tables(session), sequence_states(session))
