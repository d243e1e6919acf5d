"""The peer: what everybody knows, `pg_dump -Fc` and `pg_restore -j2`, on the same server."""

import time
from dataclasses import dataclass

from tests.system.stack import Stack

_DUMP = "/var/lib/postgresql/data/measured.dump"
_AS_SUPERUSER = (
    "set -eu; export PGHOST=127.0.0.1 PGUSER=postgres"
    ' PGPASSWORD="$(cat /run/secrets/superuser/password)"; '
)


@dataclass(frozen=True)
class DumpFigures:
    """How large a dump of the app's database is, and how long dump and restore take."""

    size: int
    dump_seconds: float
    restore_seconds: float


def measure_dump(stack: Stack) -> DumpFigures:
    """Dump, restore into a database beside, and leave nothing."""
    try:
        dumped = _seconds(stack, f"pg_dump -Fc --file={_DUMP} hesap_paylas")
        size = int(stack.exec("db", "stat", "--format", "%s", _DUMP).stdout)
        _seconds(stack, "createdb --template=template0 measured")
        restored = _seconds(stack, f"pg_restore -j2 --dbname=measured {_DUMP}")
    finally:
        _seconds(stack, f"dropdb --if-exists measured; rm -f {_DUMP}")
    return DumpFigures(size, dumped, restored)


def _seconds(stack: Stack, command: str) -> float:
    begun = time.monotonic()
    stack.exec("db", "sh", "-c", _AS_SUPERUSER + command)
    return time.monotonic() - begun
