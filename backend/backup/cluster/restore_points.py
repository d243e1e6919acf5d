"""Restore points that others have made: their notes are copied to where a restore looks."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from backend.backup.cluster.repository import ClusterFolder
from backend.backup.records import EventFields, EventLog, EventRecord

RESTORE_POINT_EVENT = "restore-point"


def copy_restore_points(source: Path, folder: ClusterFolder) -> int:
    """Note each point that is not noted yet, and return how many were new.

    Migrations write them as JSON with a name, an LSN, a timeline, a time and a cluster. What cannot
    be read is left for the next look: it is being written.
    """
    known = {one.fields.get("name") for one in folder.events.read(RESTORE_POINT_EVENT)}
    found = [point for path in sorted(source.glob("*.json")) if (point := _read(path))]
    new = [one for one in found if one["name"] not in known and _is_point_of(folder, one)]
    for point in new:
        at = datetime.fromisoformat(point["at"]).astimezone(UTC)
        folder.events.add(EventRecord(RESTORE_POINT_EVENT, at, point))
    return len(new)


def restore_points_of(folder: ClusterFolder, source: Path) -> list[EventRecord]:
    """Return the points of a cluster, those too that the service `backup` has not seen yet."""
    found = [
        one for log in (folder.events, EventLog(source)) for one in log.read(RESTORE_POINT_EVENT)
    ]
    return [one for one in found if _is_point_of(folder, one.fields)]


def _is_point_of(folder: ClusterFolder, point: EventFields) -> bool:
    """Tell whether a point lies in the WAL of this cluster, and not in that of an earlier one."""
    # Without a number it was noted by a release before they had one.
    return bool(point.get("cluster", folder.root.name) == folder.root.name)


def _read(path: Path) -> dict[str, Any] | None:  # what json.loads gives
    try:
        point = json.loads(path.read_text(encoding="utf-8"))
        datetime.fromisoformat(point["at"])
        known = {key: point[key] for key in ("name", "lsn", "timeline", "at")}
        return {**known, "cluster": point["cluster"]} if "cluster" in point else known
    except (OSError, ValueError, KeyError, TypeError):
        return None
