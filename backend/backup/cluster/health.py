"""Whether the backups are well: the service keeps it in a file, and its health check reads it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from backend.backup.backups import moment
from backend.backup.cluster.archive_guard import ArchiveState
from backend.backup.cluster.catalog import BackupCatalog
from backend.db import private_files

# A night, and some time for a long backup.
PROOF_LASTS = timedelta(hours=26)
# Memory of the container: a service that was started anew has not looked yet.
HEALTH_FILE = Path("/tmp/backup-health.json")  # noqa: S108 - a tmpfs of the container's own


def alarms(catalog: BackupCatalog, archive: ArchiveState, now: datetime) -> list[str]:
    """Return why the backups are not well; a stack that has just begun is well."""
    found = archive.warnings()
    for failed in catalog.failed_drills:
        what = "; ".join(failed.fields.get("differences", []))
        found.append(f"the drill of {moment(failed.at)} failed: {what[:300]}")
    proven = max((one.at for one in catalog.drills if one.fields.get("clean")), default=None)
    if proven is not None and now - proven > PROOF_LASTS:
        found.append(f"no backup was proved since {moment(proven)}")
    if proven is not None and proven - now > PROOF_LASTS:
        # Until then none is due, and none would be missed.
        found.append(f"the last proof is of {moment(proven)}, still to come: see the clock")
    return found


def write_health(path: Path, found: Sequence[str], now: datetime) -> None:
    """Keep what the health check will say, and of when it is."""
    private_files.replace(path, json.dumps({"at": now.isoformat(), "alarms": list(found)}))


def read_health(path: Path, now: datetime) -> list[str]:
    """Return the alarms; none before the service has looked for the first time.

    A service that hangs says nothing new: what it said last counts for no longer than a proof.
    """
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    at, found = datetime.fromisoformat(kept["at"]), list(kept["alarms"])
    if now - at > PROOF_LASTS:
        found.append(f"the service has not looked since {moment(at)}")
    return found
