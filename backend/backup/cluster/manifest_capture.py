"""Take a manifest of the running cluster, at a restore point of its own."""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime

from backend.backup.cluster.backup_set import BackupSet
from backend.backup.cluster.cluster_snapshot import ClusterSnapshot, cluster_snapshot
from backend.backup.cluster.manifest import Manifest, ManifestPoint
from backend.backup.cluster.repository import ClusterFolder
from backend.backup.cluster.wal import WalSegment
from backend.backup.postgres.contents import TableContents
from backend.backup.postgres.database_objects import StoredTable
from backend.backup.postgres.manifest_contents import read_contents
from backend.cli.progress import Watcher
from backend.config.database_url import DatabaseUrl
from backend.db.connect import KEEPALIVES, connect
from backend.db.errors import translated
from backend.errors import TransientError

# archive_timeout is half a minute; a busy repository gets some more.
_ARCHIVE_SECONDS = 300.0
_POLL_SECONDS = 0.2


def capture_manifest(
    server: DatabaseUrl, backup: BackupSet, search_path: str, watcher: Watcher
) -> tuple[Manifest, float]:
    """Return what the cluster holds now, and for how many seconds writers could be waiting.

    Raises:
        TransientError: no moment could be had; another process holds the tables.
        DatabaseError: the cluster could not be read to the end.
    """
    with cluster_snapshot(server, _new_name) as snapshot:
        at = _now()

        def count(table: StoredTable, digest: TableContents) -> None:
            watcher.advance(str(table), digest.rows)

        databases = {
            name: read_contents(one, search_path, count) for name, one in snapshot.databases.items()
        }
        closed = {name: "the backup's login may not connect" for name in snapshot.closed_databases}
        point = _point(snapshot, at, backup)
        return Manifest(point, databases, closed), snapshot.locked_seconds


def wait_until_archived(server: DatabaseUrl, folder: ClusterFolder, segment: WalSegment) -> None:
    """Close a segment of WAL and return when it has reached the repository.

    Raises:
        TransientError: it has not arrived after some minutes.
    """
    with connect(server, KEEPALIVES) as session, translated("closing a segment of WAL"):
        session.execute("SELECT pg_switch_wal()")
    until = time.monotonic() + _ARCHIVE_SECONDS
    while not folder.has_archived(segment):
        if time.monotonic() > until:
            raise TransientError(
                f"WAL {segment} has not reached the repository in {_ARCHIVE_SECONDS:.0f} s",
                hint="see the log of `db` for what its archive_command says",
            )
        time.sleep(_POLL_SECONDS)


def _point(snapshot: ClusterSnapshot, at: datetime, backup: BackupSet) -> ManifestPoint:
    session = next(iter(snapshot.databases.values())).session
    with translated("asking which cluster this is"):
        query = "SELECT system_identifier::text FROM pg_control_system()"
        ((identifier,),) = session.execute(query).fetchall()
    version = session.info.server_version
    return ManifestPoint(
        snapshot.name, at, snapshot.lsn, str(snapshot.wal), backup.label, identifier, version
    )


def _new_name() -> str:
    return f"backup-{_now():%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"


def _now() -> datetime:
    return datetime.now(UTC)
