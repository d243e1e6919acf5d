"""A dump on its way into its archive, and out of it: never in the clear on a disk.

`age --decrypt -i KEY NAME.dump.age | pg_restore` reads it without us.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from backend.backup import keys
from backend.backup.archive_digest import ArchiveDigest, DigestingFile
from backend.backup.dump.dump_target import DumpTarget, inspect_target, leave_out_others
from backend.backup.keys import BackupKey
from backend.backup.postgres.client_login import client_environ, client_login
from backend.backup.postgres.programs import Forgiveness, input_of, nothing, output_of
from backend.config.database_url import DatabaseUrl

# Somebody who changes the schema may wait for our snapshot, and pg_dump then behind them.
_LOCK_WAIT = "--lock-wait-timeout=5s"


def write_dump(
    database: DatabaseUrl, snapshot: str, file: BinaryIO, recipient: str, *, search_path: str
) -> ArchiveDigest:
    """Dump what a snapshot sees into an archive.

    Raises:
        DatabaseError: pg_dump could not read it to its end.
    """
    target = DigestingFile(file)
    with client_login(database) as where:
        options = ("--format=custom", _LOCK_WAIT, f"--snapshot={snapshot}", f"--dbname={where}")
        with output_of(("pg_dump", *options), client_environ(search_path)) as dump:
            keys.encrypt_stream(dump, cast("BinaryIO", target), recipient)
    return target.result()


def restore_dump(archive: Path, key: BackupKey, database: DatabaseUrl, *, search_path: str) -> None:
    """Restore an archive into an empty database: all of it or nothing, except on an old server.

    Raises:
        DamagedError: it is not what was written.
        WrongKeyError: it was encrypted for another key.
        DatabaseError: the database did not take it.
    """
    target, reader = inspect_target(database), _ArchiveReader(archive, key, search_path)
    with client_login(database) as where, _object_list(reader, target) as objects:
        words = (*target.options, *objects, f"--dbname={where}")
        reader.pipe_into(words, target.forgives)


@dataclass(frozen=True)
class _ArchiveReader:
    archive: Path
    key: BackupKey
    search_path: str

    def pipe_into(self, words: Sequence[str], forgives: Forgiveness = nothing) -> None:
        """Let pg_restore read the archive, and end with it if it needs no more."""
        command, environ = ("pg_restore", *words), client_environ(self.search_path)
        with self.archive.open("rb") as source, input_of(command, environ, forgives) as target:
            keys.decrypt_stream(source, target, self.key, name=self.archive.name)


@contextmanager
def _object_list(reader: _ArchiveReader, target: DumpTarget) -> Iterator[Sequence[str]]:
    """Lend the option by which only what this login may make is restored."""
    if target.is_superuser:
        yield ()
        return
    with tempfile.TemporaryDirectory(prefix="hesap-objects-") as folder:
        objects = Path(folder) / "list"
        reader.pipe_into(("--list", f"--file={objects}"))
        leave_out_others(objects)
        yield (f"--use-list={objects}",)
