"""One run from its words to its answer; what is cut off on the way is begun again."""

from __future__ import annotations

from backend.progress import Watcher
from backend.sync.engine import synchronise
from backend.sync.looking import look, verify
from backend.sync.mirroring import mirror
from backend.sync.opening import opened
from backend.sync.options import Ends
from backend.sync.report import Ran, Seen
from backend.sync.retrying import with_retries
from backend.sync.shape import Wanted
from backend.sync.whole import kept_whole


def sync(ends: Ends, wanted: Wanted, watcher: Watcher, *, mirrored: bool) -> Ran:
    """Write to one side what has changed on the other, or all of it."""
    work = mirror if mirrored else synchronise

    def once() -> Ran:
        watcher.stage("connect")
        # A dry run writes too, and takes it all back.
        with opened(ends, writing=True) as reached:
            kept = kept_whole(ends, wanted) if mirrored else None
            outcome = work(reached.sides, wanted, watcher)
            outcome.backup = outcome.backup or kept
        return Ran(outcome, ends, reached.ways)

    return with_retries(once)


def look_at(ends: Ends, watcher: Watcher, *, verifying: bool) -> Seen:
    """Look at both sides; `verifying`: compare every row too."""

    def once() -> Seen:
        watcher.stage("connect")
        with opened(ends, writing=False) as reached:
            status = look(reached.sides)
            mismatches = tuple(verify(reached.sides, watcher)) if verifying else None
        return Seen(status, mismatches, reached.ways)

    return with_retries(once)
