"""How a cluster's backups stand: what is proved, how far the archive reaches, what is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from backend.backup.cluster.alarms import alarms
from backend.backup.cluster.archive_guard import ArchiveState, inspect_archive
from backend.backup.cluster.backup_set import BackupSet
from backend.backup.cluster.catalog import BackupCatalog, read_catalog
from backend.backup.cluster.workshop import BackupWorkshop
from backend.backup.copies import copy_facts, copy_warnings
from backend.backup.drill_records import last_drill_facts
from backend.backup.escrow import escrow_warnings
from backend.backup.notification.notification_status import (
    notification_facts,
    notification_warnings,
)
from backend.backup.results import BackupStatus, Facts, moment
from backend.errors import AppError, DatabaseError

_OFF = "BACKUPS=off: NOTHING IS ARCHIVED OR BACKED UP; set BACKUPS=on in .env, then `up`"


def read_status(shop: BackupWorkshop) -> BackupStatus:
    """Return the state of everything; what cannot be asked becomes a warning."""
    warnings = [] if shop.settings.enabled else [_OFF]
    sets = _sets(shop, warnings)
    catalog = read_catalog(shop.folder, sets or ())
    archive = _archive(shop, sets or (), warnings)
    now = datetime.now(UTC)
    warnings += alarms(catalog, archive, now)
    records = catalog.records()
    proven = [one for one in records if one.proven_at]
    return BackupStatus(
        database=f"cluster {shop.folder.root.name}",
        folder=str(shop.folder.root),
        newest=records[-1] if records else None,
        newest_proven=proven[-1] if proven else None,
        warnings=[
            *warnings,
            *(_advice(catalog) if shop.settings.enabled and sets is not None else ()),
            *escrow_warnings(shop.folder, shop.settings.keys),
            *copy_warnings(shop.settings.backups, now),
            *notification_warnings(shop.settings.keys, shop.folder.root),
        ],
        facts={
            **_facts(catalog, archive),
            **copy_facts(shop.settings.backups),
            **notification_facts(shop.settings.keys, shop.folder.root),
        },
    )


def _sets(shop: BackupWorkshop, warnings: list[str]) -> Sequence[BackupSet] | None:
    try:
        return shop.pgbackrest.backups()
    except AppError as error:
        warnings.append(str(error))
        return None


def _archive(shop: BackupWorkshop, sets: Sequence[BackupSet], warnings: list[str]) -> ArchiveState:
    try:
        return inspect_archive(shop.folder, shop.settings.data, shop.settings.server, sets)
    except DatabaseError as error:
        warnings.append(f"the archive cannot be compared with the server: {error}")
        return ArchiveState()


def _facts(catalog: BackupCatalog, archive: ArchiveState) -> Facts:
    last = catalog.last_drill
    reach = archive.reachable_since
    return {
        "any_point_in_time_since": moment(reach) if reach else None,
        "newest_wal": str(archive.newest) if archive.newest else None,
        "newest_wal_at": moment(archive.newest_at) if archive.newest_at else None,
        "wal_waiting": archive.waiting,
        "wal_lost": "; ".join(map(str, archive.lost)) or None,
        **last_drill_facts(catalog.drills),
        "not_compared": last.fields.get("not_compared") if last else None,
    }


def _advice(catalog: BackupCatalog) -> Iterator[str]:
    if not catalog.sets and catalog.made:
        yield f"the repository is empty, though {len(catalog.made)} backups were made"
    elif not catalog.sets:
        yield "there is no backup yet; the service makes one five minutes after it begins"
    elif not any(one.proven_at for one in catalog.records()):
        yield "no backup is proved yet: see `drill`"
