"""Where a restore begins and ends: from what was asked for to a backup, a point and a timeline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from backend.backup.cluster.backup_set import BackupSet
from backend.backup.cluster.pgbackrest import RecoveryTarget
from backend.backup.restore.timelines import Timelines
from backend.backup.restore_target import RestoreTarget
from backend.backup.results import moment
from backend.errors import DataError

_MOST_NAMES = 8


@dataclass(frozen=True)
class NamedPoint:
    """A restore point in the WAL: of a backup's manifest, or made before a migration."""

    name: str
    at: datetime
    lsn: str
    timeline: int
    has_manifest: bool = False


@dataclass(frozen=True)
class RestorableStates:
    """What the repository can bring back."""

    backups: Sequence[BackupSet]
    timelines: Timelines
    points: Sequence[NamedPoint]
    newest_at: datetime


@dataclass(frozen=True)
class ChosenTarget:
    """The backup that a restore begins with, and where it ends."""

    backup: BackupSet
    timeline: int
    at: datetime
    point: NamedPoint | None = None
    is_latest: bool = False

    @property
    def recovery(self) -> RecoveryTarget:
        """Return it as pgBackRest takes it."""
        label, timeline = self.backup.label, str(self.timeline)
        if self.is_latest:
            return RecoveryTarget(label, "default", timeline=timeline)
        if self.point:
            return RecoveryTarget(label, "name", self.point.name, timeline, "pause")
        # Postgres reads no other zone than one in numbers without knowing its database of zones.
        at = self.at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f+00")
        return RecoveryTarget(label, "time", at, timeline, "pause")


def choose_target(wanted: RestoreTarget, states: RestorableStates, now: datetime) -> ChosenTarget:
    """Return the newest backup that leads to what is wanted, and the way from it.

    Raises:
        DataError: there is no such state; says which there are.
    """
    if not states.backups:
        raise DataError("there is no backup to begin with", hint="`list` shows other clusters'")
    if wanted.at is not None:
        return _choose_time(wanted.at, states, now)
    return _choose_name(wanted.name, states) if wanted.name else _choose_latest(states)


def _choose_latest(states: RestorableStates) -> ChosenTarget:
    timeline = states.timelines.newest
    backup = _newest([b for b in states.backups if states.timelines.leads_to(b, timeline)], states)
    return ChosenTarget(backup, timeline, states.newest_at, is_latest=True)


def _choose_time(at: datetime, states: RestorableStates, now: datetime) -> ChosenTarget:
    if at > now:
        raise DataError(f"{moment(at)} is not over yet", hint="the newest state is --latest")
    timeline = states.timelines.live_at(at)
    found = [
        one
        for one in states.backups
        if one.stopped <= at and states.timelines.leads_to(one, timeline)
    ]
    return ChosenTarget(_newest(found, states), timeline, at)


def _choose_name(name: str, states: RestorableStates) -> ChosenTarget:
    exact = [point for point in states.points if point.name == name]
    found = exact or [point for point in states.points if point.name.startswith(name)]
    if not found:
        raise DataError(f"there is no restore point {name}", hint=_names(states.points))
    point = max(found, key=lambda one: one.at)
    leading = [
        one for one in states.backups if states.timelines.leads_to(one, point.timeline, point.lsn)
    ]
    return ChosenTarget(_newest(leading, states), point.timeline, point.at, point)


def _newest(found: Sequence[BackupSet], states: RestorableStates) -> BackupSet:
    if not found:
        oldest = min(states.backups, key=lambda one: one.stopped)
        raise DataError(
            f"no backup leads to that state: the oldest one ended at {moment(oldest.stopped)}",
            hint="name a time after that, or a point that was made after it",
        )
    return max(found, key=lambda one: one.stopped)


def _names(points: Sequence[NamedPoint]) -> str:
    newest = sorted(points, key=lambda one: one.at)[-_MOST_NAMES:]
    return "there are: " + (", ".join(one.name for one in newest) or "none")
