"""Make the local database an exact copy of the remote one."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

from backend.progress import Watcher
from backend.sync.engine import begin_capture, rehearsing
from backend.sync.first import fill
from backend.sync.policy import all_tables
from backend.sync.shape import Outcome, Wanted
from backend.sync.side import Memory
from backend.sync.sides import Sides
from backend.sync.standing import look_at
from backend.sync.tables import SyncedTables


def mirror(sides: Sides, wanted: Wanted, watcher: Watcher) -> Outcome:
    """Replace every row of the local side by those of the remote one, sessions and tokens too.

    Raises:
        RefusedError: the schemas differ.
        DataError: what was stored is not what was sent; nothing has been kept.
    """
    watcher.stage("look")
    look_at(sides, forgiving=True)
    outcome = Outcome(wanted.direction, wanted.dry_run, first=False, mirrored=True)
    with rehearsing(sides, dry_run=wanted.dry_run):
        begin_capture(sides)
        _copy(sides, all_tables(), watcher, outcome)
    return outcome


def _copy(sides: Sides, tables: SyncedTables, watcher: Watcher, outcome: Outcome) -> None:
    memory = Memory(secrets.token_hex(16), "", datetime.now(UTC).isoformat(timespec="seconds"))
    local, remote = sides.local, sides.remote
    with remote.transaction(write=True), local.transaction(write=True):
        for table in reversed(tables.tables):
            local.empty(table)
        fill(remote, local, tables, watcher, outcome)
        for side in (local, remote):
            side.remember(memory, sides.tables)
