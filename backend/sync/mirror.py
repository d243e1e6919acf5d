"""Make the local database an exact copy of the remote one."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import NoReturn

from backend.cli.progress import Watcher
from backend.errors import DataError
from backend.sync.chunks import chunks
from backend.sync.initial import fill
from backend.sync.merge.result import Landed, Outcome, Wanted
from backend.sync.preflight import alike
from backend.sync.replica.pair import Sides
from backend.sync.replica.refusal import RowRefusedError, refused
from backend.sync.replica.replica import Memory
from backend.sync.replica.tables import SyncedTables
from backend.sync.replica.unknown_columns import with_all_columns
from backend.sync.sync import begin_capture, rehearsing
from backend.sync.table_config import all_tables

_AT_ONCE = 1_000


def mirror(
    sides: Sides,
    wanted: Wanted,
    watcher: Watcher,
    keep: Callable[[], Path | None],
    landed: Landed = lambda _outcome: None,
) -> Outcome:
    """Replace every row of the local side by those of the remote one, sessions and tokens too.

    `keep` makes a copy of the local side, before anything changes.

    Raises:
        RefusedError: the schemas differ, or only one side has a column that holds something.
        DataError: a row is refused, or stored as something else; nothing has been kept.
    """
    watcher.stage("look")
    sides, _, _ = alike(sides)
    everything = with_all_columns(replace(sides, tables=all_tables()))
    outcome = Outcome(wanted.direction, wanted.dry_run, first=False, mirrored=True)
    if not wanted.dry_run:
        outcome.backup = keep()
    with rehearsing(sides, dry_run=wanted.dry_run):
        begin_capture(sides)
        try:
            _copy(everything, sides.tables, outcome, watcher, landed)
        except RowRefusedError as error:
            _refuse(everything, error)
    return outcome


def _refuse(sides: Sides, error: RowRefusedError) -> NoReturn:
    """Name the first row that the local side refuses; what finding it takes is not kept."""
    local, remote = sides.local, sides.remote
    with remote.transaction(write=False), local.transaction(write=True):
        for table in reversed(sides.tables.tables):
            local.empty(table)
        for table in sides.tables.tables:
            for piece in chunks(remote.scan(table, all_columns=True), _AT_ONCE):
                for row, refusal in refused(local, piece, partial(local.insert, table)):
                    key = table.shown(tuple(row[table.names.index(name)] for name in table.key))
                    raise _not_exact(f"{table.name} {key}: {refusal.says}") from error
        raise _not_exact(error.refusal.says) from error


def _not_exact(what: str) -> DataError:
    return DataError(
        f"a row is refused by the local database, and a copy without it would not be exact: {what};"
        " nothing was kept",
        hint="mend the row in the remote database, or take that rule out of the local one",
    )


def _copy(
    sides: Sides, synced: SyncedTables, outcome: Outcome, watcher: Watcher, landed: Landed
) -> None:
    memory = Memory(secrets.token_hex(16), "", datetime.now(UTC).isoformat(timespec="seconds"))
    local, remote = sides.local, sides.remote
    with remote.transaction(write=True):
        with local.transaction(write=True):
            for table in reversed(sides.tables.tables):
                local.empty(table)
            fill(remote, local, sides.tables, watcher, outcome)
            for side in (local, remote):
                side.remember(memory, synced)
        landed(outcome)
