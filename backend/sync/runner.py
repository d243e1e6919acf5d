"""One run from its options to its report; a run that is cut off is tried again.

What writes is imported only where it is needed: who asks for the status waits for an answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from backend.cli.progress import Watcher
from backend.errors import AppError
from backend.sync.connections import OpenPair, open_pair
from backend.sync.options import Direction, Endpoints, SyncOptions
from backend.sync.report import MOST_ROUNDS, RoundsReport, RunReport
from backend.sync.report_lines import committed_lines
from backend.sync.result import OnCommit, SyncResult
from backend.sync.retries import with_retries
from backend.sync.status import inspect, verify
from backend.sync.status_report import StatusReport


class CommittedTries:
    """What the tries of one run have committed, also those that were cut off after that."""

    def __init__(self, endpoints: Endpoints) -> None:
        self.results: tuple[SyncResult, ...] = ()
        self._endpoints = endpoints

    def after(self, before: tuple[SyncResult, ...]) -> OnCommit:
        """Return what takes note of one more try's rows; a try commits twice if it is a first."""

        def note(result: SyncResult) -> None:
            if result.written and not result.dry_run:
                self.results = (*before, result)

        return note

    @contextmanager
    def reported(self) -> Iterator[None]:
        """Name what was committed in the error that ends the run."""
        try:
            yield
        except AppError as error:
            said = [error.args[0], *committed_lines(self.results, self._endpoints)]
            error.args = ("; ".join(said),)
            raise
        except BaseException as error:
            for line in committed_lines(self.results, self._endpoints):
                error.add_note(line)
            raise


def sync(
    endpoints: Endpoints, options: SyncOptions, watcher: Watcher, *, mirrored: bool
) -> RunReport:
    """Write to one side what has changed on the other, or all of it."""
    work = _mirror if mirrored else _synchronise
    committed = CommittedTries(endpoints)

    def once() -> RunReport:
        watcher.stage("connect")
        before = committed.results
        # A dry run writes too, and takes it all back.
        with open_pair(endpoints, writing=True) as opened:
            result = work(endpoints, opened, options, watcher, committed.after(before))
        return RunReport(result, endpoints, opened.connection_notes, before)

    with committed.reported():
        return with_retries(once)


def take_turns(endpoints: Endpoints, options: SyncOptions, watcher: Watcher) -> RoundsReport:
    """Write to either side in turn until nothing travels; every run writes its own undo script."""
    runs: list[RunReport] = []
    for direction in [Direction.LOCAL_TO_RENDER, Direction.RENDER_TO_LOCAL] * MOST_ROUNDS:
        # What the first run has begun anew, the others go on with; a dry run has begun nothing.
        start_over = options.start_over and (options.dry_run or not runs)
        turn = replace(options, direction=direction, start_over=start_over)
        runs.append(sync(endpoints, turn, watcher, mirrored=False))
        if len(runs) > 1 and (options.dry_run or runs[-1].is_quiet):
            return RoundsReport(tuple(runs))
    return RoundsReport(tuple(runs), ended=False)


def _synchronise(
    endpoints: Endpoints,
    opened: OpenPair,
    options: SyncOptions,
    watcher: Watcher,
    on_commit: OnCommit,
) -> SyncResult:
    from backend.sync.initial import bulk_copy_for
    from backend.sync.sync import synchronise

    return synchronise(
        opened.pair, options, watcher, bulk_copy_for(endpoints, options.direction), on_commit
    )


def _mirror(
    endpoints: Endpoints,
    opened: OpenPair,
    options: SyncOptions,
    watcher: Watcher,
    on_commit: OnCommit,
) -> SyncResult:
    from backend.sync.mirror import kept_whole, mirror

    return mirror(opened.pair, options, watcher, partial(kept_whole, endpoints, options), on_commit)


def read_status(endpoints: Endpoints, watcher: Watcher, *, verifying: bool) -> StatusReport:
    """Read the status of both sides; `verifying`: compare every row too."""

    def once() -> StatusReport:
        watcher.stage("connect")
        with open_pair(endpoints, writing=False) as opened:
            status = inspect(opened.pair)
            mismatches = tuple(verify(opened.pair, watcher)) if verifying else None
        return StatusReport(status, mismatches, opened.connection_notes)

    return with_retries(once)
