"""The schema of a database as SQL, by pg_dump, from the snapshot of a manifest."""

from __future__ import annotations

from collections.abc import Mapping

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
    where = DatabaseUrl("postgres", params=database.params).conninfo()
    command = ["pg_dump", "--schema-only", _LOCK_WAIT, f"--dbname={where}"]
    command += [f"--snapshot={snapshot}"] if snapshot else []
    result = run_program(command, _environ(database, search_path))
    if result.exit_code:
        raise DatabaseError(f"pg_dump could not read the schema: {result.last_words()}")
    lines = result.stdout.splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(_TOKEN_LINES))


def _environ(database: DatabaseUrl, search_path: str) -> Mapping[str, str]:
    # The stack's login has no password: the socket knows who asks.
    secret = {"PGPASSWORD": database.password} if database.password else {}
    return {"PATH": search_path, "LANG": "C.UTF-8", "PGOPTIONS": "-c row_security=off", **secret}
