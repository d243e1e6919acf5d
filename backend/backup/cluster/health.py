"""Whether the backups are well: the service keeps it in a file, and its health check reads it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from backend.backup.backups import moment
from backend.backup.cluster.archive_guard import ArchiveState
from backend.backup.cluster.catalog import BackupCatalog
from backend.backup.health_check import PROOF_LASTS_SECONDS
from backend.db import private_files

PROOF_LASTS = timedelta(seconds=PROOF_LASTS_SECONDS)


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


def alarm_name(alarm: str) -> str:
    """Return by what an alarm is known: what stands behind it, a count, may change each time."""
    return alarm.partition(": ")[0]


def write_health(path: Path, found: Sequence[str], now: datetime) -> None:
    """Keep what the health check will say, and of when it is."""
    lines = [str(now.timestamp()), *(" ".join(one.split()) for one in found)]
    private_files.replace(path, "\n".join(lines))
