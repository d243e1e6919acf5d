"""How two databases stand to each other before anything is done, and what stands in the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from backend.errors import RefusedError
from backend.sync.sides.both import Sides
from backend.sync.sides.side import Glance, Side

_START_OVER = (
    "compare both sides whole with --start-over: what is the same stays, what only one side has"
    " travels, what differs is reported; or take the other side's state with render2local --mirror"
)


class Stage(StrEnum):
    """What the two know of each other."""

    NEVER = "never synced"
    BEGUN = "the first sync was cut off"
    SYNCED = "synced"


@dataclass(frozen=True)
class Standing:
    """Both sides at a glance."""

    sides: Sides
    local: Glance
    remote: Glance
    stage: Stage

    def token(self, side: Side) -> str:
        """Return what a side remembers of the last sync."""
        memory = self._of(side).memory
        return memory.token if memory else ""

    def rows(self, side: Side) -> Mapping[str, int]:
        """Return how many rows each table of a side holds."""
        return self._of(side).rows

    def _of(self, side: Side) -> Glance:
        return self.local if side is self.sides.local else self.remote

    @property
    def synced_at(self) -> str | None:
        """Return when the last sync ended, if there was one."""
        times = [one.memory.synced_at for one in (self.local, self.remote) if one.memory]
        return max(times, default="") or None


def look_at(sides: Sides, *, forgiving: bool = False) -> Standing:
    """See whether these two can be synced; `forgiving`: whatever the last sync has left behind.

    Raises:
        RefusedError: says why they cannot.
    """
    local, remote = refuse_unlike(sides)
    stage = Stage.NEVER if forgiving else _stage(sides, local, remote)
    return Standing(sides, local, remote, stage)


def refuse_unlike(sides: Sides) -> tuple[Glance, Glance]:
    """Look at both sides, and see that their schemas are the same.

    Raises:
        RefusedError: they are not.
    """
    local, remote = sides.local.glance(sides.tables), sides.remote.glance(sides.tables)
    for side, glance in ((sides.local, local), (sides.remote, remote)):
        if missing := [name for name in sides.tables.names if name not in glance.rows]:
            raise RefusedError(
                f"{side.where} has no table {missing[0]}",
                hint="bring it to the app's schema first: MIGRATE_DATABASE_URL=… python"
                " backend/db_migrate.py",
            )
    if local.revisions != remote.revisions:
        raise RefusedError(
            f"the schemas differ: {sides.local.where} is at {local.revisions or 'no revision'},"
            f" {sides.remote.where} at {remote.revisions or 'no revision'}",
            hint="bring both to the same release with python backend/db_migrate.py",
        )
    return local, remote


def _stage(sides: Sides, local: Glance, remote: Glance) -> Stage:
    for side, glance in ((sides.local, local), (sides.remote, remote)):
        if glance.problem:
            raise RefusedError(
                f"what changed in {side.where} since the last sync is not known: {glance.problem}",
                hint=_START_OVER,
            )
    if local.memory is None and remote.memory is None:
        return Stage.NEVER
    if _is_first_cut_off(local, remote):
        return Stage.BEGUN
    if not _know_each_other(local, remote):
        _refuse_strangers(sides, local, remote)
    return Stage.SYNCED


def _is_first_cut_off(local: Glance, remote: Glance) -> bool:
    """Tell whether one side has begun to remember, and no sync has ended since."""
    known = [one.memory for one in (local, remote) if one.memory]
    return len(known) == 1 and not known[0].synced_at


def _know_each_other(local: Glance, remote: Glance) -> bool:
    """Tell whether both stem from the same sync, or were cut off between its two commits."""
    if local.memory is None or remote.memory is None:
        return False
    here, there = local.memory, remote.memory
    return here.token in {there.token, there.previous} or there.token == here.previous


def _refuse_strangers(sides: Sides, local: Glance, remote: Glance) -> None:
    late: Side
    if local.memory is None or remote.memory is None:
        late = sides.local if local.memory is None else sides.remote
        what = "has never been synced, or was emptied or replaced since, and the other side has"
    else:
        late = sides.local if local.memory.synced_at < remote.memory.synced_at else sides.remote
        what = "was restored or replaced since the last sync, or has been synced with another"
    raise RefusedError(f"{late.where} {what}", hint=_START_OVER)
