"""Room on the disk, looked for before anything is written."""

from __future__ import annotations

import shutil
from pathlib import Path

from backend.backup.results import size
from backend.errors import DatabaseError

# Data that cannot be compressed grows a little; manifests and records are small.
_MARGIN = 1.05
_SMALL = 4_000_000


def check_room(needed: int, *folders: Path) -> None:
    """Check that each folder has room for so many bytes, and the disk for all that lie on it.

    Raises:
        DatabaseError: one has not; nothing has been written.
    """
    disks = [folder.stat().st_dev for folder in folders]
    for folder, disk in zip(folders, disks, strict=True):
        wanted = int(needed * _MARGIN) * disks.count(disk) + _SMALL
        free = shutil.disk_usage(folder).free
        if free < wanted:
            raise DatabaseError(
                f"{folder} has room for {size(free)}, and {size(wanted)} are needed",
                hint="make room, or name another folder with BACKUP_DIR",
            )
