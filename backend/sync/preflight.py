"""The checks before a run: whether two databases can be synced, and what each remembers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from backend.capture.change_log import SyncState
from backend.config.database_url import EngineName
from backend.errors import RefusedError
from backend.sync.replica.pair import ReplicaPair, widened
from backend.sync.replica.replica import Replica, ReplicaState
from backend.sync.report_lines import counted

_START_OVER = (
    "compare both sides whole with --start-over: what is the same stays, what only one side has"
    " travels, what differs is reported; or take the other side's state with render2local --mirror"
)
_MIGRATE: Mapping[EngineName, str] = {
    "sqlite": "python backend/db_migrate.py --engine sqlite (--db PATH for another file)",
    "postgres": "python backend/db_migrate.py --engine postgres (MIGRATE_DATABASE_URL names it)",
}
# Clocks that differ by less may be alike: a question and its answer take time.
_CLOCK_SECONDS = 2


class Stage(StrEnum):
    """How far the two have been synced."""

    NEVER = "never synced"
    INTERRUPTED = "the first sync was cut off"
    SYNCED = "synced"


@dataclass(frozen=True)
class PairState:
    """The state of both sides, with every column that travels."""

    pair: ReplicaPair
    local: ReplicaState
    remote: ReplicaState
    stage: Stage

    def token(self, replica: Replica) -> str:
        """Return what a side remembers of the last sync."""
        state = self._of(replica).sync_state
        return state.token if state else ""

    def awaited(self, source: Replica, target: Replica) -> str:
        """Return the token of a target that is ahead: the source still has to expect it."""
        ahead = self.token(target)
        return "" if ahead == self.token(source) else ahead

    @property
    def generation(self) -> int:
        """Return the number of the last sync that either side knows of."""
        known = [one.sync_state.generation for one in (self.local, self.remote) if one.sync_state]
        return max(known, default=0)

    @property
    def miscounted(self) -> dict[str, tuple[int, int]]:
        """Return the row counts of tables that differ though neither side has noted a change."""
        here, there = self.local, self.remote
        # Between the two commits of a sync one side has forgotten what the other still notes.
        if not self.synced_at or self.token(self.pair.local) != self.token(self.pair.remote):
            return {}
        return {
            name: (rows, there.rows[name])
            for name, rows in here.rows.items()
            if name not in here.touched | there.touched and rows != there.rows[name]
        }

    def rows(self, replica: Replica) -> Mapping[str, int]:
        """Return how many rows each table of a side holds."""
        return self._of(replica).rows

    def _of(self, replica: Replica) -> ReplicaState:
        return self.local if replica is self.pair.local else self.remote

    @property
    def synced_at(self) -> str | None:
        """Return when the last sync ended, if there was one."""
        times = [one.sync_state.synced_at for one in (self.local, self.remote) if one.sync_state]
        return max(times, default="") or None


def inspect_pair(pair: ReplicaPair, *, ignore_last_sync: bool = False) -> PairState:
    """Check whether these two can be synced; `ignore_last_sync`: as if for the first time.

    Raises:
        RefusedError: says why they cannot.
    """
    pair, local, remote = match_schemas(pair)
    stage = Stage.NEVER if ignore_last_sync else _stage(pair, local, remote)
    return PairState(pair, local, remote, stage)


def clock_warnings(pair: ReplicaPair) -> list[str]:
    """Warn of clocks that differ: the row that was changed later may look like the older one."""
    here, there = (datetime.fromisoformat(one.clock()) for one in (pair.local, pair.remote))
    seconds = round(abs((here - there).total_seconds()))
    if seconds <= _CLOCK_SECONDS:
        return []
    return [f"the clocks of both sides differ by {seconds:,} s: the newer row may be the other one"]


def match_schemas(pair: ReplicaPair) -> tuple[ReplicaPair, ReplicaState, ReplicaState]:
    """Check that both schemas are the same, and add the columns that only the databases know.

    Raises:
        RefusedError: they are not the same.
    """
    local, remote = pair.local.read_state(pair.tables), pair.remote.read_state(pair.tables)
    for replica, state in ((pair.local, local), (pair.remote, remote)):
        if missing := [name for name in pair.tables.names if name not in state.rows]:
            raise RefusedError(
                f"{replica.where} has no table {missing[0]}",
                hint=f"bring it to the app's schema first: {_MIGRATE[replica.engine]}",
            )
    if local.revisions != remote.revisions:
        raise RefusedError(
            f"the schemas differ: {pair.local.where} is at {local.revisions or 'no revision'},"
            f" {pair.remote.where} at {remote.revisions or 'no revision'}",
            hint="bring both to the same release with python backend/db_migrate.py",
        )
    for replica, state in ((pair.local, local), (pair.remote, remote)):
        _refuse_missing_columns(pair, replica, state)
    wide = widened(pair, local.columns, remote.columns)
    return wide, local.of(wide.tables), remote.of(wide.tables)


def _refuse_missing_columns(pair: ReplicaPair, replica: Replica, state: ReplicaState) -> None:
    for table in pair.tables.tables:
        held = {column.name for column in state.columns[table.name]}
        if missing := [name for name in table.names if name not in held]:
            raise RefusedError(
                f"{table.name} in {replica.where} has no column {missing[0]}",
                hint=f"bring it to the app's schema first: {_MIGRATE[replica.engine]}",
            )


def _stage(pair: ReplicaPair, local: ReplicaState, remote: ReplicaState) -> Stage:
    for replica, state in ((pair.local, local), (pair.remote, remote)):
        if state.problem:
            raise RefusedError(
                f"what changed in {replica.where} since the last sync is not known:"
                f" {state.problem}",
                hint=_START_OVER,
            )
    if local.sync_state is None and remote.sync_state is None:
        return Stage.NEVER
    if _is_first_cut_off(local, remote):
        return Stage.INTERRUPTED
    if not _know_each_other(local, remote):
        _refuse_strangers(pair, local, remote)
    _refuse_put_back(pair, local, remote)
    return Stage.SYNCED


def _is_first_cut_off(local: ReplicaState, remote: ReplicaState) -> bool:
    """Tell whether a first sync was cut off: only one side has a state, of no sync that ended."""
    known = [one.sync_state for one in (local, remote) if one.sync_state]
    return len(known) == 1 and not known[0].synced_at


def _know_each_other(local: ReplicaState, remote: ReplicaState) -> bool:
    """Tell whether both stem from the same sync, or were cut off between its two commits."""
    if local.sync_state is None or remote.sync_state is None:
        return False
    here, there = local.sync_state, remote.sync_state
    return here.token == there.token or _is_ahead(here, there) or _is_ahead(there, here)


def _is_ahead(one: SyncState, other: SyncState) -> bool:
    """Tell whether one side has committed what the other one waits for."""
    return one.previous == other.token and one.token in other.coming.split()


def _refuse_strangers(pair: ReplicaPair, local: ReplicaState, remote: ReplicaState) -> None:
    behind: Replica
    if local.sync_state is None or remote.sync_state is None:
        behind = pair.local if local.sync_state is None else pair.remote
        what = "has never been synced, or was emptied or replaced since, and the other side has"
    else:
        ages = [(one.generation, one.synced_at) for one in (local.sync_state, remote.sync_state)]
        behind = pair.local if ages[0] < ages[1] else pair.remote
        what = "was restored or replaced since the last sync, or has been synced with another"
        if ages[0][0] != ages[1][0]:
            what += f": it has seen {min(ages)[0]:,} syncs, the other side {max(ages)[0]:,}"
    raise RefusedError(f"{behind.where} {what}", hint=_START_OVER)


def _refuse_put_back(pair: ReplicaPair, local: ReplicaState, remote: ReplicaState) -> None:
    """Check that no side was put back: the number of its last change must not be lower."""
    for replica, own, other in ((pair.local, local, remote), (pair.remote, remote, local)):
        if other.sync_state and other.sync_state.seen > own.number:
            raise RefusedError(
                f"{replica.where} was put back to an earlier state since the last sync",
                hint=_START_OVER,
            )


def refuse_miscounted(state: PairState) -> None:
    """Check that no table's row count differs without a change in the log.

    Raises:
        RefusedError: it has.
    """
    for name, (here, there) in state.miscounted.items():
        raise RefusedError(
            f"{name}: {counted(here, 'row')} in {state.pair.local.where}, {there:,} in"
            f" {state.pair.remote.where}, and no change was noted on either side",
            hint=f"python sync_databases.py status --verify names the rows; {_START_OVER}",
        )
