"""The local database kept whole, before a mirror takes the place of what it holds."""

from __future__ import annotations

from pathlib import Path

from backend.errors import RefusedError
from backend.sync.keep.file_copy import copy_of_file
from backend.sync.merge.result import Wanted
from backend.sync.options import Ends


def kept_whole(ends: Ends, wanted: Wanted) -> Path | None:
    """Return where the copy is; None: none is wanted.

    Raises:
        RefusedError: it is on a server, of which we keep no copy.
        DatabaseError: it cannot be copied.
    """
    if wanted.dry_run or wanted.backup is None:
        return None
    if ends.local.path is None:
        raise RefusedError(
            f"a mirror would replace all that {ends.local} holds, and only a file is kept by us",
            hint="keep it with pg_dump, then run this again with --no-backup",
        )
    return copy_of_file(ends.local.path, wanted.backup)
