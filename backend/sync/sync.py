"""Sync two databases: check both, merge into one of them, and move the base last."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from backend.capture.change_log import SyncState
from backend.cli.progress import Watcher
from backend.sync.initial import BulkCopy, InitialSync
from backend.sync.merge.context import Exclusion, Exclusions, InvariantsBrokenError, MergeContext
from backend.sync.merge.invariants import broken_invariants
from backend.sync.merge.merge_pass import MergePass
from backend.sync.merge.three_way import RowRef
from backend.sync.options import OnConflict, SyncOptions
from backend.sync.preflight import PairState, Stage, clock_warnings, inspect_pair, refuse_miscounted
from backend.sync.replica.pair import ReplicaPair
from backend.sync.replica.refusals import Refusal, RowRefusedError
from backend.sync.result import ConflictKind, OnCommit, SyncResult
from backend.sync.undo_script import UndoLog, undo_for
from backend.values.conversion import Value


@dataclass(frozen=True)
class _Run:
    """What all passes of one run share; `rows` are the target's row counts before it.

    `token` is what both remember, `awaited` what a target holds that is ahead already, and `begun`
    what became of a first sync's beginning. `on_commit` is told what has been committed.
    """

    pair: ReplicaPair
    options: SyncOptions
    watcher: Watcher
    rows: Mapping[str, int]
    token: str
    awaited: str
    generation: int
    begun: SyncResult
    on_commit: OnCommit


def synchronise(
    pair: ReplicaPair,
    options: SyncOptions,
    watcher: Watcher,
    bulk_copy: BulkCopy | None = None,
    on_commit: OnCommit = lambda _result: None,
) -> SyncResult:
    """Bring what the source has changed since the last sync into the target.

    The target commits first, then the source forgets what has arrived: killed at any moment, the
    next run ends in the same state.

    Raises:
        RefusedError: something is in the way; nothing has been written.
        DataError: what would be written is not right; nothing has been written.
        TransientError: it cannot be done now; what has been written is whole, and known.
    """
    watcher.stage("look")
    state = inspect_pair(pair, ignore_last_sync=options.start_over)
    pair = state.pair
    first = state.stage is not Stage.SYNCED
    if not first:
        refuse_miscounted(state)
    result = SyncResult(options.direction, options.dry_run, first)
    if options.on_conflict is OnConflict.NEWER:
        result.notes += clock_warnings(pair)
    with pair.maybe_dry_run(dry_run=options.dry_run):
        source, target = pair.source(options.direction), pair.target(options.direction)
        if first:
            initial = InitialSync(pair, options.direction, watcher, bulk_copy, on_commit)
            rows = sum(state.rows(source).values()), sum(state.rows(target).values())
            token, awaited = initial.run(result, rows), ""
        else:
            renew(state)
            token, awaited = state.token(source), state.awaited(source, target)
        run = _Run(
            pair,
            options,
            watcher,
            rows=state.rows(target),
            token=token,
            awaited=awaited,
            generation=state.generation + 1,
            begun=result,
            on_commit=on_commit,
        )
        return _merge(run)


def renew(state: PairState) -> None:
    """Bring up to date what an older release has left, or what was restored on another server."""
    pair = state.pair
    for replica, own in ((pair.local, state.local), (pair.remote, state.remote)):
        if own.outdated:
            with replica.transaction(write=True):
                replica.log.renew(pair.tables)


def _merge(run: _Run) -> SyncResult:
    """Run merge passes until one succeeds; each excludes what the one before could not write."""
    excluded = Exclusions()
    while True:
        try:
            return _try(run, excluded)
        except InvariantsBrokenError as error:
            excluded.exclude_scopes(_invariant_exclusions(run, error))
        except RowRefusedError as error:
            excluded.exclude_refused(error.refusal, _probed(run, excluded))


def _invariant_exclusions(run: _Run, error: InvariantsBrokenError) -> dict[Value, Exclusion]:
    """Return why each group or account is excluded: broken by one side, or by both together."""
    target = run.pair.target(run.options.direction)
    with target.transaction(write=False):
        at_target = broken_invariants(target, error.scopes)
    found = {value: Exclusion(ConflictKind.RULE, why) for value, why in error.broken.items()}
    for name, alone in zip(run.options.direction.names, (error.at_source, at_target), strict=True):
        for value, why in alone.items():
            found[value] = Exclusion(ConflictKind.FAULT, f"the {name} one: {why}")
    return found


def _probed(run: _Run, excluded: Exclusions) -> Mapping[RowRef, Refusal]:
    """Find out which units the target refuses; nothing that this writes is kept."""
    direction = run.options.direction
    source, target = run.pair.source(direction), run.pair.target(direction)
    context = MergeContext(
        run.pair, run.options, run.rows, run.watcher, UndoLog(), excluded, probing=True
    )
    merge = MergePass(context, deepcopy(run.begun))
    with suppress(_ProbedError), target.transaction(write=True), source.transaction(write=False):
        merge.probe()
        raise _ProbedError
    return merge.refusals


class _ProbedError(Exception):
    """Ends a transaction that is not to be kept."""


def _try(run: _Run, excluded: Exclusions) -> SyncResult:
    pair, direction = run.pair, run.options.direction
    source, target = pair.source(direction), pair.target(direction)
    result = deepcopy(run.begun)
    token, now = secrets.token_hex(16), datetime.now(UTC).isoformat(timespec="seconds")
    known = SyncState(token, synced_at=now, generation=run.generation)
    with undo_for(run.options, target) as undo:
        context = MergeContext(pair, run.options, run.rows, run.watcher, undo, excluded)
        merge = MergePass(context, result)
        with target.transaction(write=True):
            with source.transaction(write=False):
                merge.run(broken_invariants)
            result.backup = undo.close()
            # Put back to what it was before this, the source is none that the target knows.
            theirs = replace(known, seen=source.log.expect(f"{run.awaited} {token}"))
            number = target.log.remember(replace(theirs, previous=run.token), pair.tables)
    run.on_commit(result)
    # What is lost from here on, the next run finds to be the same on both sides.
    with source.transaction(write=True):
        merge.consume()
        source.log.remember(replace(known, seen=number), pair.tables)
    with target.transaction(write=True):
        target.log.remember(theirs, pair.tables)
    return result
