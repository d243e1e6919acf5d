"""Copies off the host: whoever makes one touches a file, and its time is all that is known of it.

The file is named for the place that holds the copy. The group that copies can write its folder, and
nothing of a backup.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from backend.backup.results import Facts, moment

COPIES = "copies"
# A night, and some time for a long copy.
_COPY_LASTS = timedelta(hours=26)
# Of the group that copies is then whatever lies in it.
_GROUP_WRITES = 0o2770
_NEVER = (
    "no copy off this host is known: if its disk is lost, so are the backups"
    " (whoever copies them touches copies/PLACE in BACKUP_DIR)"
)


@dataclass(frozen=True)
class OffHostCopy:
    """The newest copy in one place."""

    place: str
    at: datetime


def prepare_copies(backups: Path) -> None:
    """Make the folder that copies are told in."""
    folder = backups / COPIES
    if not folder.is_dir():
        folder.mkdir()
        folder.chmod(_GROUP_WRITES)


def newest_copy(backups: Path) -> OffHostCopy | None:
    """Return the newest copy that somebody has told of."""
    found = []
    with suppress(OSError):  # nobody could tell of one
        for path in (backups / COPIES).iterdir():
            # It may be gone again, or of a year that there is not.
            with suppress(OSError, OverflowError, ValueError):
                told = datetime.fromtimestamp(path.lstat().st_mtime, UTC)
                if path.name.isprintable():
                    found.append(OffHostCopy(path.name, told))
    return max(found, key=lambda one: one.at, default=None)


def copy_facts(backups: Path) -> Facts:
    """Return where the newest copy is, and of when."""
    newest = newest_copy(backups)
    return {"copied_off_the_host": f"{newest.place} {moment(newest.at)}" if newest else None}


def copy_warnings(backups: Path, now: datetime) -> Iterator[str]:
    """Yield that there is no copy off the host, that it is old, or of the future."""
    newest = newest_copy(backups)
    if newest is None:
        yield _NEVER
    elif newest.at - now > _COPY_LASTS:
        # Until then none would be missed.
        when = f"{moment(newest.at)}, still to come"
        yield f"the newest copy off this host is of {when}: {newest.place}"
    elif now - newest.at > _COPY_LASTS:
        age = int((now - newest.at).total_seconds() // 3600)
        yield f"the newest copy off this host is {age} hours old: {newest.place}"
