"""Whether another full backup fits into the repository.

One that does not fit is worse than none: what it has written keeps WAL out as well.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from backend.backup.cluster.backup_set import BackupSet
from backend.backup.cluster.repository import ClusterFolder

_MARGIN = 1.2


def has_room_for_full(folder: ClusterFolder, data: Path, sets: Sequence[BackupSet]) -> bool:
    """Tell whether there is room for what the last full backup took, and for what has grown since.

    How well that compresses is not known, so it counts as it is.
    """
    full = [one for one in sets if one.type == "full"]
    if not full:
        return True
    grown = max(0, _stored_bytes(data / "base") - full[-1].database_bytes)
    wanted = full[-1].repository_bytes * _MARGIN + grown
    return shutil.disk_usage(folder.root).free > wanted


def _stored_bytes(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):  # tables come and go
            total += path.stat().st_size
    return total
