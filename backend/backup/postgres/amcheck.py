"""What pg_amcheck finds on a scratch server: an index may be wrong though every row is right."""

from __future__ import annotations

from collections.abc import Mapping

from backend.backup.postgres.programs import run_program
from backend.config.database_url import DatabaseUrl

_CORRUPT = 2  # it has looked, and found something


def amcheck(server: DatabaseUrl, environ: Mapping[str, str]) -> list[str]:
    """Check all tables and indexes of all databases; return what is wrong."""
    where = (f"--host={server.params['host']}", f"--username={server.params['user']}")
    command = ("pg_amcheck", *where, "--all", "--heapallindexed", "--install-missing")
    result = run_program(command, environ)
    if not result.exit_code:
        return []
    lines = [line.strip() for line in result.stdout.splitlines() if line.strip()]
    if result.exit_code != _CORRUPT:
        return [f"pg_amcheck could not look: {result.last_words()}"]
    return [f"pg_amcheck: {line}" for line in lines] or ["pg_amcheck found corruption"]
