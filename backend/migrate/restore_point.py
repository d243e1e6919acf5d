"""The restore point before a migration: a place in the WAL that a restore can go back to."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from backend.db import private_files
from backend.migrate.history import Revision
from backend.version import release

log = logging.getLogger(__name__)

# The service `backup` reads it as another user; there is nothing in it to hide.
_OTHERS_READ = 0o644


@dataclass(frozen=True)
class RestorePoint:
    """A place in the WAL of a timeline, by a name that nothing else has.

    `cluster` is the number of the cluster whose WAL it is.
    """

    name: str
    lsn: str
    timeline: int
    cluster: str


def restore_point_name(first: Revision, at: datetime) -> str:
    """Return the name of the point before a run: before-expand-0002-20261121T100000Z."""
    stamp = at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    return f"before-{first.phase}-{first.level:04}-{stamp}"


def note_restore_point(folder: Path, point: RestorePoint, at: datetime) -> None:
    """Tell the backups of a point; a migration does not fail for want of that."""
    record = {
        "event": "restore-point",
        "at": at.isoformat(),
        "name": point.name,
        "lsn": point.lsn,
        "timeline": point.timeline,
        # The folder outlives the cluster, and means nothing for the next one.
        "cluster": point.cluster,
        "release": release(),
    }
    try:
        path = folder / f"restore-point-{point.name}.json"
        private_files.replace(path, json.dumps(record), mode=_OTHERS_READ)
    except OSError as error:
        log.warning("restore point not noted name=%s reason=%s", point.name, error.strerror)
