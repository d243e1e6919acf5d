"""How two databases stand to each other before anything is done, and what stands in the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from backend.config.database_url import EngineName
from backend.errors import RefusedError
from backend.sync.replica.pair import Sides
from backend.sync.replica.replica import Glance, Memory, Side
from backend.sync.replica.unknown_columns import widened
from backend.sync.tell.telling import counted

_START_OVER = (
    "compare both sides whole with --start-over: what is the same stays, what only one side has"
    " travels, what differs is reported; or take the other side's state with render2local --mirror"
)
_MIGRATE: Mapping[EngineName, str] = {
    "sqlite": "python backend/db_migrate.py --engine sqlite (--db PATH for another file)",
    "postgres": "python backend/db_migrate.py --engine postgres (MIGRATE_DATABASE_URL names it)",
}
# What a question and its answer may take on the way.
_SECONDS = 2


class Stage(StrEnum):
    """What the two know of each other."""

    NEVER = "never synced"
    BEGUN = "the first sync was cut off"
    SYNCED = "synced"


@dataclass(frozen=True)
class Standing:
    """Both sides at a glance, with every column that travels."""

    sides: Sides
    local: Glance
    remote: Glance
    stage: Stage

    def token(self, side: Side) -> str:
        """Return what a side remembers of the last sync."""
        memory = self._of(side).memory
        return memory.token if memory else ""

    def awaited(self, source: Side, target: Side) -> str:
        """Return what a target that is ahead holds: the source has to expect it still."""
        ahead = self.token(target)
        return "" if ahead == self.token(source) else ahead

    @property
    def generation(self) -> int:
        """Return how many syncs the side has seen that has seen more."""
        known = [one.memory.generation for one in (self.local, self.remote) if one.memory]
        return max(known, default=0)

    @property
    def miscounted(self) -> dict[str, tuple[int, int]]:
        """Return how many rows both hold of tables that differ though neither notes a change."""
        here, there = self.local, self.remote
        # Between the two commits of a sync one side has forgotten what the other still notes.
        if not self.synced_at or self.token(self.sides.local) != self.token(self.sides.remote):
            return {}
        return {
            name: (rows, there.rows[name])
            for name, rows in here.rows.items()
            if name not in here.touched | there.touched and rows != there.rows[name]
        }

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
    sides, local, remote = alike(sides)
    stage = Stage.NEVER if forgiving else _stage(sides, local, remote)
    return Standing(sides, local, remote, stage)


def clocks_apart(sides: Sides) -> list[str]:
    """Warn of clocks that differ: the row that was changed later may look like the older one."""
    here, there = (datetime.fromisoformat(one.clock()) for one in (sides.local, sides.remote))
    seconds = round(abs((here - there).total_seconds()))
    if seconds <= _SECONDS:
        return []
    return [f"the clocks of both sides differ by {seconds:,} s: the newer row may be the other one"]


def alike(sides: Sides) -> tuple[Sides, Glance, Glance]:
    """Look at both sides, see that their schemas are the same, and add what both have besides.

    Raises:
        RefusedError: they are not the same.
    """
    local, remote = sides.local.glance(sides.tables), sides.remote.glance(sides.tables)
    for side, glance in ((sides.local, local), (sides.remote, remote)):
        if missing := [name for name in sides.tables.names if name not in glance.rows]:
            raise RefusedError(
                f"{side.where} has no table {missing[0]}",
                hint=f"bring it to the app's schema first: {_MIGRATE[side.engine]}",
            )
    if local.revisions != remote.revisions:
        raise RefusedError(
            f"the schemas differ: {sides.local.where} is at {local.revisions or 'no revision'},"
            f" {sides.remote.where} at {remote.revisions or 'no revision'}",
            hint="bring both to the same release with python backend/db_migrate.py",
        )
    for side, glance in ((sides.local, local), (sides.remote, remote)):
        _refuse_missing_columns(sides, side, glance)
    wide = widened(sides, local.columns, remote.columns)
    return wide, local.of(wide.tables), remote.of(wide.tables)


def _refuse_missing_columns(sides: Sides, side: Side, glance: Glance) -> None:
    for table in sides.tables.tables:
        held = {column.name for column in glance.columns[table.name]}
        if missing := [name for name in table.names if name not in held]:
            raise RefusedError(
                f"{table.name} in {side.where} has no column {missing[0]}",
                hint=f"bring it to the app's schema first: {_MIGRATE[side.engine]}",
            )


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
    _refuse_put_back(sides, local, remote)
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
    return here.token == there.token or _is_ahead(here, there) or _is_ahead(there, here)


def _is_ahead(one: Memory, other: Memory) -> bool:
    """Tell whether one side has committed what the other one waits for."""
    return one.previous == other.token and one.token in other.coming.split()


def _refuse_strangers(sides: Sides, local: Glance, remote: Glance) -> None:
    late: Side
    if local.memory is None or remote.memory is None:
        late = sides.local if local.memory is None else sides.remote
        what = "has never been synced, or was emptied or replaced since, and the other side has"
    else:
        ages = [(one.generation, one.synced_at) for one in (local.memory, remote.memory)]
        late = sides.local if ages[0] < ages[1] else sides.remote
        what = "was restored or replaced since the last sync, or has been synced with another"
        if ages[0][0] != ages[1][0]:
            what += f": it has seen {min(ages)[0]:,} syncs, the other side {max(ages)[0]:,}"
    raise RefusedError(f"{late.where} {what}", hint=_START_OVER)


def _refuse_put_back(sides: Sides, local: Glance, remote: Glance) -> None:
    """See that neither side has noted fewer changes than it had when both met."""
    for side, own, other in ((sides.local, local, remote), (sides.remote, remote, local)):
        if other.memory and other.memory.seen > own.number:
            raise RefusedError(
                f"{side.where} was put back to an earlier state since the last sync",
                hint=_START_OVER,
            )


def refuse_miscounted(standing: Standing) -> None:
    """See that nothing has come or gone without a note.

    Raises:
        RefusedError: it has.
    """
    for name, (here, there) in standing.miscounted.items():
        raise RefusedError(
            f"{name}: {counted(here, 'row')} in {standing.sides.local.where}, {there:,} in"
            f" {standing.sides.remote.where}, and no change was noted on either side",
            hint=f"python sync_databases.py status --verify names the rows; {_START_OVER}",
        )
