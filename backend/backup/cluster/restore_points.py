"""Restore points that others have made: their notes are copied to where a restore looks."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from backend.backup.cluster.repository import ClusterFolder
from backend.backup.records import EventRecord

RESTORE_POINT_EVENT = "restore-point"


def copy_restore_points(source: Path, folder: ClusterFolder) -> int:
    """Note each point that is not noted yet, and return how many were new.

    Migrations write them as JSON with a name, an LSN, a timeline and a time. What cannot be read is
    left for the next look: it is being written.
    """
    known = {one.fields.get("name") for one in folder.events.read(RESTORE_POINT_EVENT)}
    found = [point for path in sorted(source.glob("*.json")) if (point := _read(path))]
    new = [point for point in found if point["name"] not in known]
    for point in new:
        at = datetime.fromisoformat(point["at"]).astimezone(UTC)
        folder.events.add(EventRecord(RESTORE_POINT_EVENT, at, point))
    return len(new)


def _read(path: Path) -> dict[str, Any] | None:  # what json.loads gives
    try:
        point = json.loads(path.read_text(encoding="utf-8"))
        datetime.fromisoformat(point["at"])
        return {key: point[key] for key in ("name", "lsn", "timeline", "at")}
    except (OSError, ValueError, KeyError, TypeError):
        return None
