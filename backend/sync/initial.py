"""The first sync of two databases: an empty target is filled, else every difference is to travel.

A large file goes into an empty Postgres by the transfer, which is three times as fast. It runs as
a process of its own: two SQLite libraries in one process would break each other's locks.
"""

from __future__ import annotations

import logging
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from backend.capture.change_log import SyncState
from backend.capture.tables import Row, SyncedTable, SyncedTables
from backend.capture.unfit_rows import UnfitValueError
from backend.cli.progress import Watcher
from backend.config.settings import BACKEND
from backend.db.chunks import chunks
from backend.db.tls import with_tls
from backend.errors import DataError
from backend.sync.merge.invariants import refuse_broken
from backend.sync.options import Direction, Endpoints
from backend.sync.replica.key_diff import diff_keys
from backend.sync.replica.pair import ReplicaPair
from backend.sync.replica.refusals import RowRefusedError
from backend.sync.replica.replica import Replica
from backend.sync.result import OnCommit, SyncResult, TableCount

# With fewer rows, starting the transfer takes longer than copying them here.
LEAST_ROWS = 50_000

_COMMAND = BACKEND / "db_transfer_sqlite_to_postgres.py"
# The target's address goes in by the standard input: a process's environment can be looked at.
_ADDRESS = {"MIGRATE_DATABASE_URL_FILE": "/dev/stdin"}
_OTHERS = ("DATABASE_URL", "MIGRATE_DATABASE_URL", "RENDER_DATABASE_URL", "DB_ENGINE", "PG_")
_AT_ONCE = 5_000

# Copies these tables, compares them and checks the invariants; False: use the normal path.
BulkCopy = Callable[[Sequence[str]], bool]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class InitialSync:
    """The first sync of a pair; `rows` are those of the source and of the target before it."""

    pair: ReplicaPair
    direction: Direction
    watcher: Watcher
    bulk_copy: BulkCopy | None
    on_commit: OnCommit

    def run(self, result: SyncResult, rows: tuple[int, int]) -> str:
        """Fill an empty target, or note how the two differ; return the token that both remember."""
        begin_capture(self.pair)
        source, target = self.pair.source(self.direction), self.pair.target(self.direction)
        # Whatever is written beside a bulk copy, on either side, its triggers note.
        is_filled = self._is_worth_it(result, rows) and self._bulk_copied(target, result)
        state = SyncState(secrets.token_hex(16))
        with source.transaction(write=True):
            with target.transaction(write=True):
                if not is_filled and not self._copied(source, target, result):
                    _seed_changes(source, target, self.pair.tables, self.watcher)
                for replica in (source, target):
                    replica.log.remember(state, self.pair.tables)
            self.on_commit(result)
        return state.token

    def _is_worth_it(self, result: SyncResult, rows: tuple[int, int]) -> bool:
        """Tell whether an empty target is to get many rows; a dry run cannot undo a bulk copy."""
        at_source, at_target = rows
        return at_source >= LEAST_ROWS and not at_target and not result.dry_run

    def _bulk_copied(self, target: Replica, result: SyncResult) -> bool:
        """Let the transfer fill the target and compare it; False: the bulk copy failed."""
        if self.bulk_copy is None:
            return False
        self.watcher.stage("copy everything")
        if not self.bulk_copy(self.pair.tables.names):
            return False
        for name, rows in target.read_state(self.pair.tables).rows.items():
            result.tables[name] = TableCount(inserted=rows)
            result.compared += rows
        return True

    def _copied(self, source: Replica, target: Replica, result: SyncResult) -> bool:
        """Copy everything into a target that is empty; False: it is not, or refuses some of it."""
        tables = self.pair.tables
        if not _is_empty(target, tables):
            return False
        copied = SyncResult(result.direction, result.dry_run, result.first)
        try:
            with target.savepoint():
                copy_all(source, target, tables, self.watcher, copied)
        except (RowRefusedError, UnfitValueError) as error:
            log.warning("no copy at once", extra={"fields": {"why": str(error)}})
            return False
        refuse_broken(target)
        result.tables, result.compared = copied.tables, copied.compared
        return True


def begin_capture(pair: ReplicaPair) -> None:
    """Let both sides note changes from now on, and forget what they knew."""
    for replica in (pair.local, pair.remote):
        with replica.transaction(write=True):
            replica.log.install(pair.tables)
            replica.log.start_over()


def _is_empty(replica: Replica, tables: SyncedTables) -> bool:
    """Tell whether no table holds a row."""
    return all(next(replica.scan(table), None) is None for table in tables.tables)


def _seed_changes(source: Replica, target: Replica, tables: SyncedTables, watcher: Watcher) -> None:
    """Note every row that is not the same on both sides as one that was just added there."""
    for table in tables.tables:
        watcher.stage(f"compare {table.name}")
        diff = diff_keys(table, source.scan(table), target.scan(table))
        for replica, keys in ((source, diff.only_left), (target, diff.only_right)):
            for piece in chunks([*keys, *diff.differing], _AT_ONCE):
                replica.log.note(table, dict.fromkeys(piece))


def copy_all(
    source: Replica, target: Replica, tables: SyncedTables, watcher: Watcher, result: SyncResult
) -> None:
    """Copy every row into empty tables, and compare what has arrived.

    Raises:
        DataError: the target holds something else than what was sent.
        RowRefusedError: it refuses some of it.
        UnfitValueError: the source holds a value that its column is not for.
    """
    for table in tables.tables:
        watcher.stage(f"copy {table.name}")
        with target.refusals():
            rows = target.bulk_insert(
                table, _watched(table, source.scan(table, all_columns=True), watcher)
            )
        if rows:
            result.tables.setdefault(table.name, TableCount()).inserted = rows
    for table in tables.tables:
        watcher.stage(f"compare {table.name}")
        diff = diff_keys(table, source.scan(table), target.scan(table))
        if diff.only_left or diff.only_right or diff.differing:
            raise DataError(
                f"{table.name} was stored as something else than what was sent; nothing was kept",
                hint="look for a trigger, a rule or a default of the target that changes rows",
            )
        result.compared += diff.same


def _watched(table: SyncedTable, rows: Iterator[Row], watcher: Watcher) -> Iterator[Row]:
    for piece in chunks(rows, _AT_ONCE):
        yield from piece
        watcher.advance(table.name, len(piece))


def bulk_copy_for(endpoints: Endpoints, direction: Direction) -> BulkCopy | None:
    """Return the bulk copy for these two, if there is one: of a file, into a Postgres."""
    local_to_render = direction is Direction.LOCAL_TO_RENDER
    source, target = (
        (endpoints.local, endpoints.remote)
        if local_to_render
        else (endpoints.remote, endpoints.local)
    )
    if source.path is None or target.engine != "postgres" or not Path("/dev/stdin").exists():
        return None
    conninfo = with_tls(target, endpoints.remote_name).conninfo()
    kept = {name: text for name, text in endpoints.environ.items() if not name.startswith(_OTHERS)}
    return partial(_transfer, source.path.absolute(), conninfo, kept | _ADDRESS)


def _transfer(
    source: Path, conninfo: str, environ: Mapping[str, str], tables: Sequence[str]
) -> bool:
    words = (sys.executable, str(_COMMAND), "--sqlite", str(source), "--tables", ",".join(tables))
    done = subprocess.run(  # noqa: S603 - our own command
        words, input=conninfo, env=environ, capture_output=True, text=True, check=False
    )
    if done.returncode:
        # The normal path finds out, too, what is wrong, and names it.
        log.warning("no bulk copy", extra={"fields": {"exit_code": done.returncode}})
    return done.returncode == 0
