"""A dump on its way into its archive, and out of it: never in the clear on a disk.

`age --decrypt -i KEY NAME.dump.age | pg_restore` reads it without us.
"""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO, cast

from backend.backup import keys
from backend.backup.archive_digest import ArchiveDigest, DigestingFile
from backend.backup.keys import BackupKey
from backend.backup.postgres.client_login import client_environ, client_login
from backend.backup.postgres.programs import input_of, output_of
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
    """Restore an archive into an empty database: all of it, or nothing.

    Raises:
        DamagedError: it is not what was written.
        WrongKeyError: it was encrypted for another key.
        DatabaseError: the database did not take it.
    """
    with client_login(database) as where, archive.open("rb") as source:
        command = ("pg_restore", "--exit-on-error", "--single-transaction", f"--dbname={where}")
        with input_of(command, client_environ(search_path)) as target:
            keys.decrypt_stream(source, target, key, name=archive.name)
