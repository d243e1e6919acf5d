"""What the server that a dump goes to, and the login there, let pg_restore do."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from backend.config.database_url import DatabaseUrl
from backend.db.connect import KEEPALIVES, connect
from backend.db.errors import translated

_ASKED = "SELECT current_setting('server_version_num')::int, current_setting('is_superuser') = 'on'"
# pg_restore sets transaction_timeout, whatever the server is.
_KNOWS_ALL_SETTINGS = 170000
_UNKNOWN_SETTING = "Command was: SET transaction_timeout = 0;"
_ONE_ERROR = re.compile(r"errors ignored on restore: 1$", re.MULTILINE)
_WHOLE = ("--exit-on-error", "--single-transaction")
# A line of `pg_restore --list`. Whoever made the extension has said the same.
_COMMENT_ON_EXTENSION = re.compile(r"\d+; \d+ \d+ COMMENT - EXTENSION ")


@dataclass(frozen=True)
class DumpTarget:
    """The version of a server, and whether our login may do everything there."""

    version: int
    is_superuser: bool

    @property
    def options(self) -> tuple[str, ...]:
        """Return the options of pg_restore: all or nothing, where the server lets it."""
        return _WHOLE if self.version >= _KNOWS_ALL_SETTINGS else ()

    def forgives(self, said: str) -> bool:
        """Tell whether pg_restore complained of nothing but a setting that an old server lacks."""
        is_old = self.version < _KNOWS_ALL_SETTINGS
        return is_old and _UNKNOWN_SETTING in said and bool(_ONE_ERROR.search(said))


def inspect_target(database: DatabaseUrl) -> DumpTarget:
    """Ask the server that a dump goes to."""
    with connect(database, KEEPALIVES) as session, translated("asking where the dump goes to"):
        ((version, is_superuser),) = session.execute(_ASKED).fetchall()
    return DumpTarget(version, is_superuser)


def leave_out_others(objects: Path) -> None:
    """Take from a list of pg_restore what only the owner of an extension may do.

    A provider makes them, and belongs to nobody: one such line would undo the whole restore.
    """
    lines = objects.read_text(encoding="utf-8", errors="surrogateescape").splitlines(keepends=True)
    kept = "".join(line for line in lines if not _COMMENT_ON_EXTENSION.match(line))
    objects.write_text(kept, encoding="utf-8", errors="surrogateescape")
