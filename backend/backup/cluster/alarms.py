"""Why the backups are not well."""

from __future__ import annotations

from datetime import datetime

from backend.backup.cluster.archive_guard import ArchiveState
from backend.backup.cluster.catalog import BackupCatalog
from backend.backup.drill_records import drill_alarms


def alarms(
    catalog: BackupCatalog, archive: ArchiveState, now: datetime, *, since: datetime | None = None
) -> list[str]:
    """Return why the backups are not well.

    Where none was ever proved, they are well for as long as a proof lasts, from `since` on.
    """
    newest = catalog.newest_manifest()
    return [
        *archive.warnings(),
        *drill_alarms(
            catalog.drills, newest[0] if newest else None, now, noun="backup", since=since
        ),
    ]
