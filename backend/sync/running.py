"""One run from its words to its answer; what is cut off on the way is begun again.

What writes is imported only where it is needed: who asks for the status waits for an answer.
"""

from __future__ import annotations

from functools import partial

from backend.progress import Watcher
from backend.sync.looking import look, verify
from backend.sync.options import Ends
from backend.sync.reach.opening import Reached, opened
from backend.sync.reach.retrying import with_retries
from backend.sync.shape import Landed, Outcome, Wanted
from backend.sync.tell.committed import Committed
from backend.sync.tell.report import Ran, Seen


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


def _synchronise(
    ends: Ends, reached: Reached, wanted: Wanted, watcher: Watcher, landed: Landed
) -> Outcome:
    from backend.sync.bulk import bulk_for
    from backend.sync.engine import synchronise

    return synchronise(reached.sides, wanted, watcher, bulk_for(ends, wanted.direction), landed)


def _mirror(
    ends: Ends, reached: Reached, wanted: Wanted, watcher: Watcher, landed: Landed
) -> Outcome:
    from backend.sync.keep.whole import kept_whole
    from backend.sync.mirroring import mirror

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
