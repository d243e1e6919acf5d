"""Both databases, open: the source in one state, the target by a session of its own."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from backend.db.sql import quoted
from backend.db.sqlite_reader import file_errors
from backend.schema.match import (
    ColumnPair,
    FindingKind,
    MatchOptions,
    SchemaMatch,
    TablePair,
    match_tables,
)
from backend.schema.postgres import reflect_postgres
from backend.schema.tables import PostgresTable, SqliteTable
from backend.tablecopy.postgres.session import (
    Session,
    Target,
    connect_directly,
    translated,
)
from backend.tablecopy.sqlite.source import Source, open_source
from backend.transfer.migration_tables import History, histories, names_of_histories
from backend.transfer.options import Options, Tolerance
from backend.transfer.rules import BOOKKEEPING, is_ours
from backend.values.registry import without_conversion
from backend.version import release

# What other tools of ours put beside the tables of the app and take away again.
_TOOLS_PREFIX = "tablecopy_"


@dataclass(frozen=True)
class Sides:
    """A source and a target."""

    source: Source
    target: Target
    session: Session

    def pair(self, options: Options) -> SchemaMatch:
        """Look at the tables of both sides, as they are now."""
        sources, targets = self.source.tables(), self._targets()
        tables: list[SqliteTable | PostgresTable] = [*sources, *targets]
        own = BOOKKEEPING if is_ours(table.name for table in targets) else {"alembic_version"}
        tools = {table.name for table in tables if table.name.startswith(_TOOLS_PREFIX)}
        left_alone = frozenset(own | tools | names_of_histories(tables))
        allowed = _allowed(options.tolerance)
        wanted = MatchOptions(options.tables, options.excluded, left_alone, allowed)
        return match_tables(sources, targets, wanted)

    def histories(self, options: Options) -> tuple[History, ...]:
        """Compare what frameworks have written down about their migrations; return what differs."""
        sources = [one for one in self.source.tables() if one.name not in options.excluded]
        if not names_of_histories(sources):
            return ()
        targets = self._targets()
        with (
            translated("comparing the tables of migrations"),
            file_errors(self.source.path),
        ):
            return tuple(histories(self.source.connection, self.session, sources, targets))

    def _targets(self) -> tuple[PostgresTable, ...]:
        with translated("looking at the target's tables"):
            return reflect_postgres(self.session, self.target.schema)

    def source_rows(self, table: str) -> int:
        """Count the rows of one table of the file."""
        words = ("SELECT count(*) FROM", quoted(table))
        return int(self.source.connection.execute(" ".join(words)).get)

    def without_rule(self, pair: TablePair) -> list[ColumnPair]:
        """Return the columns that hold values of the file and are of a type without a rule."""
        return [
            column
            for column in without_conversion(pair)
            if self._holds_value(pair.source.name, column.source.name)
        ]

    def _holds_value(self, table: str, column: str) -> bool:
        name = quoted(column)
        words = ("SELECT EXISTS (SELECT 1 FROM", quoted(table), "WHERE", name, "IS NOT NULL)")
        return bool(self.source.connection.execute(" ".join(words)).get)


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
        # A damaged page may be met by any question.
        file_errors(options.source),
    ):
        yield Sides(source, target, session)


def _allowed(tolerance: Tolerance) -> frozenset[FindingKind]:
    flags = {
        FindingKind.TABLE_ONLY_IN_SOURCE: tolerance.extra_tables,
        FindingKind.VIRTUAL_TABLE: tolerance.extra_tables,
        FindingKind.TABLE_ONLY_IN_TARGET: tolerance.missing_tables,
        FindingKind.COLUMN_ONLY_IN_SOURCE: tolerance.extra_columns,
        FindingKind.COLUMN_ONLY_IN_TARGET: tolerance.missing_columns,
    }
    return frozenset(kind for kind, said in flags.items() if said)
