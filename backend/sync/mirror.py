"""Make the local database an exact copy of the remote one."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import NoReturn

from backend.capture.change_log import SyncState
from backend.capture.tables import SyncedTables
from backend.cli.progress import Watcher
from backend.db import private_files
from backend.db.chunks import chunks
from backend.db.errors import SQLiteError
from backend.db.sqlite_file import check_whole, copy
from backend.errors import DatabaseError, DataError, RefusedError
from backend.sync.initial import begin_capture, copy_all
from backend.sync.options import Endpoints, SyncOptions
from backend.sync.preflight import match_schemas
from backend.sync.replica.pair import ReplicaPair, with_all_columns
from backend.sync.replica.refusals import RowRefusedError, refused
from backend.sync.result import OnCommit, SyncResult
from backend.sync.table_config import all_tables
from backend.sync.undo_script import backup_path

_AT_ONCE = 1_000


def mirror(
    pair: ReplicaPair,
    options: SyncOptions,
    watcher: Watcher,
    keep_copy: Callable[[], Path | None],
    on_commit: OnCommit = lambda _result: None,
) -> SyncResult:
    """Replace every row of the local side by those of the remote one, sessions and tokens too.

    `keep_copy` makes a copy of the local side, before anything changes.

    Raises:
        RefusedError: the schemas differ, or only one side has a column that holds something.
        DataError: a row is refused, or stored as something else; nothing has been kept.
    """
    watcher.stage("look")
    pair, local, remote = match_schemas(pair)
    everything = with_all_columns(replace(pair, tables=all_tables()))
    result = SyncResult(options.direction, options.dry_run, first=False, mirrored=True)
    if not options.dry_run:
        result.backup = keep_copy()
    with pair.maybe_dry_run(dry_run=options.dry_run):
        if not (local.is_current and remote.is_current):
            begin_capture(pair)
        try:
            _copy(everything, pair.tables, result, watcher, on_commit)
        except RowRefusedError as error:
            _refuse(everything, error)
    return result


def _refuse(pair: ReplicaPair, error: RowRefusedError) -> NoReturn:
    """Name the first row that the local side refuses; what finding it takes is not kept."""
    local, remote = pair.local, pair.remote
    with remote.transaction(write=False), local.transaction(write=True):
        for table in reversed(pair.tables.tables):
            local.empty(table)
        for table in pair.tables.tables:
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
    pair: ReplicaPair,
    synced: SyncedTables,
    result: SyncResult,
    watcher: Watcher,
    on_commit: OnCommit,
) -> None:
    state = SyncState(secrets.token_hex(16), "", datetime.now(UTC).isoformat(timespec="seconds"))
    local, remote = pair.local, pair.remote
    with remote.transaction(write=True):
        with local.transaction(write=True):
            for table in reversed(pair.tables.tables):
                local.empty(table)
            copy_all(remote, local, pair.tables, watcher, result)
            for replica in (local, remote):
                # Not before: a mirror that fails leaves what both knew of each other.
                replica.log.start_over()
                replica.log.remember(state, synced)
        on_commit(result)


def kept_whole(endpoints: Endpoints, options: SyncOptions) -> Path | None:
    """Keep a copy of the local file and return where it is; None: none is wanted.

    Raises:
        RefusedError: it is on a server, of which we keep no copy.
        DatabaseError: it cannot be copied.
    """
    if options.dry_run or options.backup is None:
        return None
    if endpoints.local.path is None:
        raise RefusedError(
            f"a mirror would replace all that {endpoints.local} holds, and only a file is kept by"
            " us",
            hint="keep it with pg_dump, then run this again with --no-backup",
        )
    return copy_of_file(endpoints.local.path, options.backup)


def copy_of_file(path: Path, folder: Path) -> Path:
    """Copy a file with its WAL while it may be in use, and check the copy.

    Raises:
        DatabaseError: it cannot be copied, or the copy is not sound.
    """
    kept = backup_path(folder, f"{path.stem}.db")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        private_files.reserve(kept)
        with _or_gone(kept):
            copy(path.absolute(), kept)
            _check(kept)
            private_files.sync_file(kept)
    except (OSError, SQLiteError) as error:
        raise DatabaseError(
            f"{path} cannot be copied to {kept}: {error}",
            hint="nothing was synced; see that the disk has room and that the folder may be"
            " written to, or name another one with --backup-dir",
        ) from None
    return kept


@contextmanager
def _or_gone(kept: Path) -> Iterator[None]:
    """Remove the file again if copying fails."""
    try:
        yield
    except BaseException:
        kept.unlink(missing_ok=True)
        raise


def _check(kept: Path) -> None:
    if (found := check_whole(kept)) != "ok":
        raise DatabaseError(
            f"the copy {kept.name} is not sound: {found}",
            hint="nothing was synced; the file itself may be damaged: run PRAGMA integrity_check",
        )
