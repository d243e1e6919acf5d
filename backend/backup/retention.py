"""Which backups have done their time: decided by their own dates, so that no clock matters."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from backend.backup.results import BackupRecord

DAYS, WEEKS, MONTHS = 7, 4, 6
_LEAST = 2


def expired(backups: Sequence[BackupRecord]) -> list[BackupRecord]:
    """Return what may be removed of backups, the oldest first.

    Kept are all of the last day that has any, the newest of each of the last 7 days, 4 weeks and 6
    months, the newest proven one with all that are newer, and the last two.
    """
    proven = [one for one in backups if one.proven_at]
    if not proven:
        return []
    kept = {one.name for one in backups[-_LEAST:]}
    kept |= {one.name for one in backups if one.at >= proven[-1].at}
    kept |= {one.name for one in backups if _day(one.at) == _day(backups[-1].at)}
    for count, period in ((DAYS, _day), (WEEKS, _week), (MONTHS, _month)):
        newest = {period(one.at): one.name for one in backups}
        kept |= {newest[one] for one in sorted(newest)[-count:]}
    return [one for one in backups if one.name not in kept]


def _day(at: datetime) -> tuple[int, ...]:
    return (at.year, at.month, at.day)


def _week(at: datetime) -> tuple[int, ...]:
    return at.isocalendar()[:2]


def _month(at: datetime) -> tuple[int, ...]:
    return (at.year, at.month)
