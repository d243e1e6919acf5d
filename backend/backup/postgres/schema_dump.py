"""The schema of a database as SQL, by pg_dump, from the snapshot of a manifest."""

from __future__ import annotations

from backend.backup.postgres.client_login import client_environ, client_login
from backend.backup.postgres.programs import run_program
from backend.config.database_url import DatabaseUrl
from backend.errors import DatabaseError

# Each is followed by a token that is another one in every dump.
_TOKEN_LINES = ("\\restrict", "\\unrestrict")
# Somebody who changes the schema may wait for our snapshot, and pg_dump then behind them.
_LOCK_WAIT = "--lock-wait-timeout=5s"


def schema_dump(database: DatabaseUrl, search_path: str, *, snapshot: str = "") -> str:
    """Return all objects of a database, with owners and rights and without rows.

    Raises:
        DatabaseError: pg_dump could not read it.
    """
    with client_login(database) as where:
        command = ["pg_dump", "--schema-only", _LOCK_WAIT, f"--dbname={where}"]
        command += [f"--snapshot={snapshot}"] if snapshot else []
        result = run_program(command, client_environ(search_path))
    if result.exit_code:
        raise DatabaseError(f"pg_dump could not read the schema: {result.last_words()}")
    lines = result.stdout.splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(_TOKEN_LINES))
