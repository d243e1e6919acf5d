"""Sync two databases: see how they stand, merge into one of them, and move the base last."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from backend.cli.progress import Watcher
from backend.sync.bulk import LEAST_ROWS, Bulk
from backend.sync.initial import fill, is_empty, union
from backend.sync.keep.keeping import NoUndo, undo_for
from backend.sync.merge.context import RulesBrokenError, Task
from backend.sync.merge.excluded import Fault, Held
from backend.sync.merge.invariants import broken_rules, refuse_broken
from backend.sync.merge.merge_pass import Attempt
from backend.sync.merge.result import ConflictKind, Landed, OnConflict, Outcome, TableCount, Wanted
from backend.sync.merge.three_way import Place
from backend.sync.preflight import Stage, Standing, clocks_apart, look_at, refuse_miscounted
from backend.sync.replica.pair import Sides
from backend.sync.replica.refusal import Refusal, RowRefusedError
from backend.sync.replica.replica import Memory, Side
from backend.sync.replica.tables import SyncedTables, Value
from backend.sync.replica.unfit import UnfitValueError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Run:
    """What all tries of one run share; `rows` is what the target holds before it.

    `token` is what both remember, `awaited` what a target holds that is ahead already, and `begun`
    what became of a first sync's beginning. `landed` is told what has been committed.
    """

    sides: Sides
    wanted: Wanted
    watcher: Watcher
    rows: Mapping[str, int]
    token: str
    awaited: str
    generation: int
    begun: Outcome
    landed: Landed


@dataclass(frozen=True)
class _First:
    """What a first sync works with, beside what every run has."""

    watcher: Watcher
    bulk: Bulk | None
    landed: Landed


def synchronise(
    sides: Sides,
    wanted: Wanted,
    watcher: Watcher,
    bulk: Bulk | None = None,
    landed: Landed = lambda _outcome: None,
) -> Outcome:
    """Bring what the source has changed since the last sync into the target.

    The target commits first, then the source forgets what has arrived: killed at any moment, the
    next run ends in the same state.

    Raises:
        RefusedError: something is in the way; nothing has been written.
        DataError: what would be written is not right; nothing has been written.
        TransientError: it cannot be done now; what has been written is whole, and known.
    """
    watcher.stage("look")
    standing = look_at(sides, forgiving=wanted.start_over)
    sides = standing.sides
    first = standing.stage is not Stage.SYNCED
    if not first:
        refuse_miscounted(standing)
    outcome = Outcome(wanted.direction, wanted.dry_run, first)
    if wanted.on_conflict is OnConflict.NEWER:
        outcome.notes += clocks_apart(sides)
    with rehearsing(sides, dry_run=wanted.dry_run):
        source, target = sides.source(wanted.direction), sides.target(wanted.direction)
        if first:
            fast = bulk if _is_worth_it(standing, wanted) else None
            token = _begin(sides, wanted, outcome, _First(watcher, fast, landed))
            awaited = ""
        else:
            renew(standing)
            token, awaited = standing.token(source), standing.awaited(source, target)
        generation = standing.generation + 1
        shared = token, awaited, generation, outcome, landed
        return _merge(_Run(sides, wanted, watcher, standing.rows(target), *shared))


@contextmanager
def rehearsing(sides: Sides, *, dry_run: bool) -> Iterator[None]:
    """In a dry run, do everything on both sides and take it back."""
    if not dry_run:
        yield
        return
    with sides.local.rehearsing(), sides.remote.rehearsing():
        yield


def begin_capture(sides: Sides) -> None:
    """Let both sides note changes from now on, and forget what they knew."""
    for side in (sides.local, sides.remote):
        with side.transaction(write=True):
            side.install(sides.tables)
            side.start_over()


def renew(standing: Standing) -> None:
    """Bring up to date what an older release has left, or what was restored on another server."""
    sides = standing.sides
    for side, glance in ((sides.local, standing.local), (sides.remote, standing.remote)):
        if glance.outdated:
            with side.transaction(write=True):
                side.renew(sides.tables)


def _is_worth_it(standing: Standing, wanted: Wanted) -> bool:
    """Tell whether an empty target is to get many rows; a dry run cannot take a bulk copy back."""
    source, target = (
        side(wanted.direction) for side in (standing.sides.source, standing.sides.target)
    )
    many = sum(standing.rows(source).values()) >= LEAST_ROWS
    return many and not any(standing.rows(target).values()) and not wanted.dry_run


def _begin(sides: Sides, wanted: Wanted, outcome: Outcome, first: _First) -> str:
    """Note how the two differ, or fill an empty target; return what both remember then."""
    begin_capture(sides)
    source, target = sides.source(wanted.direction), sides.target(wanted.direction)
    watcher, bulk = first.watcher, first.bulk
    # Whatever is written beside a bulk copy, on either side, its triggers note.
    filled = bulk is not None and _filled(target, sides, outcome, watcher, bulk)
    memory = Memory(secrets.token_hex(16))
    with source.transaction(write=True):
        with target.transaction(write=True):
            if not filled and not _is_filled(source, target, sides.tables, outcome, watcher):
                union(source, target, sides.tables, watcher)
            for side in (source, target):
                side.remember(memory, sides.tables)
        first.landed(outcome)
    return memory.token


def _is_filled(
    source: Side, target: Side, tables: SyncedTables, outcome: Outcome, watcher: Watcher
) -> bool:
    """Copy everything into a target that is empty, unless it refuses some of it."""
    if not is_empty(target, tables):
        return False
    copied = Outcome(outcome.direction, outcome.dry_run, outcome.first)
    try:
        with target.savepoint():
            fill(source, target, tables, watcher, copied)
    except (RowRefusedError, UnfitValueError) as error:
        log.warning("no copy at once", extra={"fields": {"why": str(error)}})
        return False
    refuse_broken(target)
    outcome.tables, outcome.compared = copied.tables, copied.compared
    return True


def _filled(target: Side, sides: Sides, outcome: Outcome, watcher: Watcher, bulk: Bulk) -> bool:
    """Let the target be filled and compared by others."""
    watcher.stage("copy everything")
    if not bulk(sides.tables.names):
        return False
    for name, rows in target.glance(sides.tables).rows.items():
        outcome.tables[name] = TableCount(inserted=rows)
        outcome.compared += rows
    return True


def _merge(run: _Run) -> Outcome:
    """Try until nothing stands in the way of what is left."""
    held = Held()
    while True:
        try:
            return _try(run, held)
        except RulesBrokenError as error:
            held.hold_scopes(_faults(run, error))
        except RowRefusedError as error:
            held.hold_refused(error.refusal, _probed(run, held))


def _faults(run: _Run, error: RulesBrokenError) -> dict[Value, Fault]:
    """Tell rules that one side breaks by itself from those that only both break together."""
    target = run.sides.target(run.wanted.direction)
    with target.transaction(write=False):
        at_target = broken_rules(target, error.scopes)
    faults = {value: Fault(ConflictKind.RULE, why) for value, why in error.broken.items()}
    for name, alone in zip(run.wanted.direction.names, (error.at_source, at_target), strict=True):
        for value, why in alone.items():
            faults[value] = Fault(ConflictKind.FAULT, f"the {name} one: {why}")
    return faults


def _probed(run: _Run, held: Held) -> Mapping[Place, Refusal]:
    """Find out which units the target refuses; what that takes is taken back."""
    direction = run.wanted.direction
    source, target = run.sides.source(direction), run.sides.target(direction)
    task = Task(run.sides, run.wanted, run.rows, run.watcher, NoUndo(), held, probing=True)
    attempt = Attempt(task, deepcopy(run.begun))
    with suppress(_ProbedError), target.transaction(write=True), source.transaction(write=False):
        attempt.probe()
        raise _ProbedError
    return attempt.refusals


class _ProbedError(Exception):
    """Ends a transaction that was never to be kept."""


def _try(run: _Run, held: Held) -> Outcome:
    sides, direction = run.sides, run.wanted.direction
    source, target = sides.source(direction), sides.target(direction)
    outcome = deepcopy(run.begun)
    token, now = secrets.token_hex(16), datetime.now(UTC).isoformat(timespec="seconds")
    known = Memory(token, synced_at=now, generation=run.generation)
    with undo_for(run.wanted, target) as undo:
        task = Task(sides, run.wanted, run.rows, run.watcher, undo, held)
        attempt = Attempt(task, outcome)
        with target.transaction(write=True):
            with source.transaction(write=False):
                attempt.run(broken_rules)
            outcome.backup = undo.close()
            # Put back to what it was before this, the source is none that the target knows.
            theirs = replace(known, seen=source.expect(f"{run.awaited} {token}"))
            number = target.remember(replace(theirs, previous=run.token), sides.tables)
    run.landed(outcome)
    # What is lost from here on, the next run finds to be the same on both sides.
    with source.transaction(write=True):
        attempt.consume()
        source.remember(replace(known, seen=number), sides.tables)
    with target.transaction(write=True):
        target.remember(theirs, sides.tables)
    return outcome
