"""Why the backups are not well."""

from __future__ import annotations

from datetime import datetime

from backend.backup.cluster.archive_guard import ArchiveState
from backend.backup.cluster.catalog import BackupCatalog
from backend.backup.results import moment
from backend.backup.service.health import PROOF_LASTS


def alarms(
    catalog: BackupCatalog, archive: ArchiveState, now: datetime, *, since: datetime | None = None
) -> list[str]:
    """Return why the backups are not well.

    Where none was ever proved, they are well for as long as a proof lasts, from `since` on.
    """
    found = archive.warnings()
    for failed in catalog.failed_drills:
        what = "; ".join(failed.fields.get("differences", []))
        found.append(f"the drill of {moment(failed.at)} failed: {what[:300]}")
    proven = max((one.at for one in catalog.drills if one.fields.get("clean")), default=None)
    last = proven or since
    if last is not None and now - last > PROOF_LASTS:
        found.append(f"no backup was proved since {moment(last)}")
    if proven is not None and proven - now > PROOF_LASTS:
        # Until then none is due, and none would be missed.
        found.append(f"the last proof is of {moment(proven)}, still to come: see the clock")
    return found
