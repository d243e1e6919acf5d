"""Where files are kept in memory: a database is made there in a tenth of the time."""

import os
import shutil
from pathlib import Path

MEMORY = Path("/dev/shm")  # noqa: S108 - only folders with random names are made in it
ROOM = 2 * 1024**3


def in_memory() -> Path | None:
    """Return it, if there is room; nothing where somebody has chosen another place by TMPDIR."""
    if "TMPDIR" in os.environ or not os.access(MEMORY, os.W_OK):
        return None
    return MEMORY if shutil.disk_usage(MEMORY).free > ROOM else None
