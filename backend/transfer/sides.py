"""Both databases, open: the source in one state, the target by a session of its own."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from backend.tablecopy.pairing import FindingKind, Pairing, PairingOptions, pair
from backend.tablecopy.postgres.reflect import reflect_target
from backend.tablecopy.postgres.session import (
    Session,
    Target,
    connect_directly,
    translated,
)
from backend.tablecopy.sqlite.quoting import quoted
from backend.tablecopy.sqlite.source import Source, open_source
from backend.transfer.options import Options, Tolerance
from backend.transfer.rules import BOOKKEEPING, is_ours
from backend.version import release

# What other tools of ours put beside the tables of the app and take away again.
_TOOLS_PREFIX = "tablecopy_"


@dataclass(frozen=True)
class Sides:
    """A source and a target."""

    source: Source
    target: Target
    session: Session

    def pair(self, options: Options) -> Pairing:
        """Look at the tables of both sides, as they are now."""
        with translated("looking at the target's tables"):
            targets = reflect_target(self.session, self.target.schema)
        sources = self.source.tables()
        names = {table.name for table in sources} | {table.name for table in targets}
        own = BOOKKEEPING if is_ours(table.name for table in targets) else {"alembic_version"}
        tools = {name for name in names if name.startswith(_TOOLS_PREFIX)}
        allowed = _allowed(options.tolerance)
        wanted = PairingOptions(options.tables, options.excluded, frozenset(own | tools), allowed)
        return pair(sources, targets, wanted)

    def source_rows(self, table: str) -> int:
        """Count the rows of one table of the file."""
        words = ("SELECT count(*) FROM", quoted(table))
        return int(self.source.connection.execute(" ".join(words)).get)


@contextmanager
def opened(options: Options) -> Iterator[Sides]:
    """Open both for one run; the file is only ever read.

    Raises:
        DatabaseError: one of them does not let us in.
        RefusedError: a pooler in transaction mode lies before the target.
    """
    target = Target(options.target.conninfo(), options.schema, options.target.origin)
    with (
        closing(connect_directly(target, name=f"transfer:{release()}")) as session,
        open_source(options.source, scratch=Path(tempfile.gettempdir())) as source,
    ):
        yield Sides(source, target, session)


def _allowed(tolerance: Tolerance) -> frozenset[FindingKind]:
    flags = {
        FindingKind.TABLE_ONLY_IN_SOURCE: tolerance.extra_tables,
        FindingKind.TABLE_ONLY_IN_TARGET: tolerance.missing_tables,
        FindingKind.COLUMN_ONLY_IN_SOURCE: tolerance.extra_columns,
        FindingKind.COLUMN_ONLY_IN_TARGET: tolerance.missing_columns,
    }
    return frozenset(kind for kind, said in flags.items() if said)
