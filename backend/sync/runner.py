"""One run from its words to its answer; what is cut off on the way is begun again.

What writes is imported only where it is needed: who asks for the status waits for an answer.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from backend.cli.progress import Watcher
from backend.sync.merge.result import Direction, Landed, Outcome, Wanted
from backend.sync.options import Ends
from backend.sync.reach.opening import Reached, opened
from backend.sync.reach.retrying import with_retries
from backend.sync.status import look, verify
from backend.sync.tell.committed import Committed
from backend.sync.tell.report import Ran, Seen
from backend.sync.tell.rounds import MOST_ROUNDS, Rounds


def sync(ends: Ends, wanted: Wanted, watcher: Watcher, *, mirrored: bool) -> Ran:
    """Write to one side what has changed on the other, or all of it."""
    work = _mirror if mirrored else _synchronise
    committed = Committed(ends)

    def once() -> Ran:
        watcher.stage("connect")
        before = committed.outcomes
        # A dry run writes too, and takes it all back.
        with opened(ends, writing=True) as reached:
            outcome = work(ends, reached, wanted, watcher, committed.after(before))
        return Ran(outcome, ends, reached.ways, before)

    with committed.told():
        return with_retries(once)


def take_turns(ends: Ends, wanted: Wanted, watcher: Watcher) -> Rounds:
    """Write to either side in turn until nothing travels; every run writes its own undo script."""
    runs: list[Ran] = []
    for direction in [Direction.LOCAL_TO_RENDER, Direction.RENDER_TO_LOCAL] * MOST_ROUNDS:
        # What the first run has begun anew, the others go on with; a dry run has begun nothing.
        start_over = wanted.start_over and (wanted.dry_run or not runs)
        turn = replace(wanted, direction=direction, start_over=start_over)
        runs.append(sync(ends, turn, watcher, mirrored=False))
        if len(runs) > 1 and (wanted.dry_run or runs[-1].is_quiet):
            return Rounds(tuple(runs))
    return Rounds(tuple(runs), ended=False)


def _synchronise(
    ends: Ends, reached: Reached, wanted: Wanted, watcher: Watcher, landed: Landed
) -> Outcome:
    from backend.sync.bulk import bulk_for
    from backend.sync.sync import synchronise

    return synchronise(reached.sides, wanted, watcher, bulk_for(ends, wanted.direction), landed)


def _mirror(
    ends: Ends, reached: Reached, wanted: Wanted, watcher: Watcher, landed: Landed
) -> Outcome:
    from backend.sync.keep.whole import kept_whole
    from backend.sync.mirror import mirror

    return mirror(reached.sides, wanted, watcher, partial(kept_whole, ends, wanted), landed)


def look_at(ends: Ends, watcher: Watcher, *, verifying: bool) -> Seen:
    """Look at both sides; `verifying`: compare every row too."""

    def once() -> Seen:
        watcher.stage("connect")
        with opened(ends, writing=False) as reached:
            status = look(reached.sides)
            mismatches = tuple(verify(reached.sides, watcher)) if verifying else None
        return Seen(status, mismatches, reached.ways)

    return with_retries(once)
