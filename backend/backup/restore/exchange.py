"""The switch: two names exchange what they stand for, in one step that no crash can halve."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

from backend.db import private_files

_HERE = -100  # AT_FDCWD: both paths are what they say
_EXCHANGE = 2  # RENAME_EXCHANGE of renameat2(2), since Linux 3.15


def exchange(one: Path, other: Path) -> None:
    """Let two folders of one disk exchange their names; they have done so for good on return.

    Raises:
        OSError: the file system cannot, or one of them is not there; nothing has changed.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.renameat2(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), str(one))
    for folder in {one.parent, other.parent}:
        private_files.sync_folder(folder)
