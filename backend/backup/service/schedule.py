"""What is due: a pure function of the clock and of what has been done.

A day of backups begins at one in the morning, UTC. What was done since then is not done again, and
what was missed while nothing ran is made up for. The clock may jump: from a time that has not come
yet nothing is due, and from the past nothing is due twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

BackupJob = Literal["full", "diff", "manifest", "drill"]

FIRST_BACKUP_AFTER = timedelta(minutes=5)
RETRY_AFTER = timedelta(hours=1)
# The service drills its own backups at once. Whoever has made one by hand may want to do so too;
# and what a kill or a failure has left without a manifest or a drill gets one.
DRILL_AFTER = timedelta(hours=1)
_DAY_BEGINS = timedelta(hours=1)
_DAYS_BETWEEN_FULL = 7


@dataclass(frozen=True)
class ScheduleState:
    """What the repository and its records tell.

    `is_drilled` is about the newest backup that has a manifest, however its drill ended;
    `lacks_manifest` is about the newest of all. `failed` is when a job last failed; `must_heal`
    that WAL was lost which only a new full backup makes up for, and that there is room for one.
    """

    started: datetime
    last_full: datetime | None = None
    last_backup: datetime | None = None
    is_drilled: bool = False
    lacks_manifest: bool = False
    failed: datetime | None = None
    must_heal: bool = False


def due(now: datetime, state: ScheduleState) -> BackupJob | None:
    """Return the next job; None if all is done."""
    if state.failed is not None and timedelta() <= now - state.failed < RETRY_AFTER:
        return None
    if state.last_full is None or state.last_backup is None:
        return "full" if abs(now - state.started) >= FIRST_BACKUP_AFTER else None
    if state.must_heal:
        return "full"
    if _day(now) > _day(state.last_backup):
        return due_kind(now, state.last_full)
    return None if now - state.last_backup < DRILL_AFTER else _left_undone(state)


def _left_undone(state: ScheduleState) -> Literal["manifest", "drill"] | None:
    if state.lacks_manifest:
        return "manifest"
    return None if state.is_drilled else "drill"


def due_kind(now: datetime, last_full: datetime | None) -> Literal["full", "diff"]:
    """Return which backup it is time for: a full one each week, what has changed in between."""
    if last_full is None or _day(now) - _day(last_full) >= _DAYS_BETWEEN_FULL:
        return "full"
    return "diff"


def _day(at: datetime) -> int:
    return (at - _DAY_BEGINS).toordinal()
