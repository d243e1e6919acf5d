"""The undo script of a run: every row as it was, on the disk before anything changes.

It undoes the steps of the run from the last to the first. Each step left a state that the
database accepts, so going back through them does too: parents come back before their children.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from backend.capture.tables import Key, Row
from backend.config.database_url import EngineName
from backend.db import private_files
from backend.db.chunks import chunks
from backend.errors import DatabaseError
from backend.sync.options import SyncOptions
from backend.sync.replica.replica import Replica
from backend.sync.undo_dialects import DIALECTS

# So many rows stand in one statement: a restore over a network is not to wait for each of them.
_ROWS_AT_ONCE = 100

_HEAD = """\
-- Takes back one run of sync_databases.py: the rows that it wrote become what they were.
-- What people have changed in these rows since then is lost. It all happens or nothing does.
-- {how}
"""


class UndoLog:
    """Takes note of every step of a run before it is made; this one keeps nothing."""

    def inserted(self, table: str, key_columns: Sequence[str], keys: Sequence[Key]) -> None:
        """Note rows that are new."""

    def updated(
        self,
        table: str,
        key_columns: Sequence[str],
        columns: Sequence[str],
        old_rows: Sequence[Row],
    ) -> None:
        """Note rows as they were; `columns` are those of the values, the key's among them."""

    def deleted(self, table: str, columns: Sequence[str], old_rows: Sequence[Row]) -> None:
        """Note rows that will be gone, with all their columns."""

    def close(self) -> Path | None:
        """Write the script; None: there is nothing to undo, or no script is wanted."""
        return None


@contextmanager
def undo_for(options: SyncOptions, target: Replica) -> Iterator[UndoLog]:
    """Return the log for the steps of a run; it writes nothing where no script is wanted."""
    if options.backup is None or options.dry_run:
        yield UndoLog()
        return
    path = backup_path(options.backup, f"{options.direction.value}.sql")
    with UndoScript(path, target.engine) as script:
        yield script


def backup_path(folder: Path, name: str) -> Path:
    """Return a path that no other run has; names in a folder are in the order of time."""
    return folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}-{name}"


class UndoScript(UndoLog):
    """Collects what a run is about to overwrite; the script is there after `close`.

    Memory stays flat: what was said is kept in a file, and of each step only where it begins.
    """

    def __init__(self, path: Path, engine: EngineName) -> None:
        self._path = path
        self._dialect = DIALECTS[engine]
        self._begins: list[int] = []
        try:
            # Owner only, like everything here: these are people's data.
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._steps: IO[bytes] = tempfile.TemporaryFile(dir=path.parent)  # noqa: SIM115 - ends in close()
        except OSError as error:
            raise _unwritable(path, error) from None

    def __enter__(self) -> UndoScript:
        return self

    def __exit__(self, *_: object) -> None:
        self._steps.close()

    def inserted(self, table: str, key_columns: Sequence[str], keys: Sequence[Key]) -> None:
        """Note rows that are new: the script removes them."""
        for some in chunks(keys, _ROWS_AT_ONCE):
            self._step(self._dialect.deletes(table, key_columns, some))

    def updated(
        self,
        table: str,
        key_columns: Sequence[str],
        columns: Sequence[str],
        old_rows: Sequence[Row],
    ) -> None:
        """Note rows as they were; `columns` are those of the values, the key's among them."""
        for some in chunks(old_rows, _ROWS_AT_ONCE):
            self._step(self._dialect.updates(table, key_columns, columns, some))

    def deleted(self, table: str, columns: Sequence[str], old_rows: Sequence[Row]) -> None:
        """Note rows that are gone: the script inserts them."""
        for some in chunks(old_rows, _ROWS_AT_ONCE):
            self._step(self._dialect.inserts(table, columns, some))

    def close(self) -> Path | None:
        """Write the script to the disk; None: there is nothing to undo."""
        try:
            with self._steps:
                return self._write() if self._begins else None
        except OSError as error:
            raise _unwritable(self._path, error) from None

    def _step(self, statement: str) -> None:
        try:
            self._begins.append(self._steps.tell())
            self._steps.write(statement.encode())
        except OSError as error:
            raise _unwritable(self._path, error) from None

    def _write(self) -> Path:
        # Half of it would take back half of the run.
        private_files.write_new(self._path, self._script())
        return self._path

    def _script(self) -> Iterator[bytes]:
        yield _HEAD.format(how=self._dialect.how(self._path.name)).encode()
        yield self._dialect.begin.encode()
        yield from self._backwards()
        yield b"COMMIT;\n"

    def _backwards(self) -> Iterator[bytes]:
        end = self._steps.tell()
        for begin in reversed(self._begins):
            self._steps.seek(begin)
            yield self._steps.read(end - begin)
            end = begin


def _unwritable(path: Path, error: OSError) -> DatabaseError:
    return DatabaseError(
        f"the safety copy {path} cannot be written: {error.strerror}",
        hint="nothing was synced; see that the disk has room and that the folder may be written"
        " to, or name another one with --backup-dir",
    )
