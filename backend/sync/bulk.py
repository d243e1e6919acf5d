"""The first sync of a large file into an empty Postgres: the transfer does it, three times as fast.

It runs as a process of its own: two SQLite libraries in one process would break each other's locks
on the file.
"""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from backend.config.settings import BACKEND
from backend.sync.merge.result import Direction
from backend.sync.options import Ends
from backend.sync.reach.tls import with_tls

# Below that, its start takes longer than the copying here.
LEAST_ROWS = 50_000

_COMMAND = BACKEND / "db_transfer_sqlite_to_postgres.py"
# The target's address goes in by the standard input: a process's environment can be looked at.
_ADDRESS = {"MIGRATE_DATABASE_URL_FILE": "/dev/stdin"}
_OTHERS = ("DATABASE_URL", "MIGRATE_DATABASE_URL", "RENDER_DATABASE_URL", "DB_ENGINE", "PG_")

# Copies these tables, compares them and puts the rules to them; False: it was not to be.
Bulk = Callable[[Sequence[str]], bool]

log = logging.getLogger(__name__)


def bulk_for(ends: Ends, direction: Direction) -> Bulk | None:
    """Return how to fill an empty target at once, if there is a way for these two."""
    local_to_render = direction is Direction.LOCAL_TO_RENDER
    source, target = (ends.local, ends.remote) if local_to_render else (ends.remote, ends.local)
    if source.path is None or target.engine != "postgres" or not Path("/dev/stdin").exists():
        return None
    conninfo = with_tls(target, ends.remote_name).conninfo()
    kept = {name: text for name, text in ends.surroundings.items() if not name.startswith(_OTHERS)}
    return partial(_transfer, source.path.absolute(), conninfo, kept | _ADDRESS)


def _transfer(
    source: Path, conninfo: str, environ: Mapping[str, str], tables: Sequence[str]
) -> bool:
    words = (sys.executable, str(_COMMAND), "--sqlite", str(source), "--tables", ",".join(tables))
    done = subprocess.run(  # noqa: S603 - our own command
        words, input=conninfo, env=environ, capture_output=True, text=True, check=False
    )
    if done.returncode:
        # What is wrong, the other way finds out too, and says so by its own name for it.
        log.warning("no bulk copy", extra={"fields": {"exit_code": done.returncode}})
    return done.returncode == 0
