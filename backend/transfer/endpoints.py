"""Source and target, open: the source in one snapshot, the target by a session of its own."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from backend.db.errors import translated
from backend.db.session import Session
from backend.db.sql import name, statement, text
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
from backend.tablecopy.sqlite.source import Source, open_source
from backend.tablecopy.target import Target, connect_directly
from backend.transfer.app_schema import BOOKKEEPING, is_app_schema
from backend.transfer.migration_tables import (
    MigrationTable,
    migration_tables,
    names_of_migration_tables,
)
from backend.transfer.options import Tolerance, TransferOptions
from backend.values.registry import without_conversion
from backend.version import release

# Tables that our other tools create beside those of the app, and drop again.
_TOOLS_PREFIX = "tablecopy_"


@dataclass(frozen=True)
class TransferEndpoints:
    """A source and a target."""

    source: Source
    target: Target
    session: Session

    def match(self, options: TransferOptions) -> SchemaMatch:
        """Match the tables of both sides as they are now."""
        sources, targets = self.source.tables(), self._targets()
        tables: list[SqliteTable | PostgresTable] = [*sources, *targets]
        own = BOOKKEEPING if is_app_schema(table.name for table in targets) else {"alembic_version"}
        tools = {table.name for table in tables if table.name.startswith(_TOOLS_PREFIX)}
        left_alone = frozenset(own | tools | names_of_migration_tables(tables))
        allowed = _allowed(options.tolerance)
        match_options = MatchOptions(options.tables, options.excluded, left_alone, allowed)
        return match_tables(sources, targets, match_options)

    def migration_tables(self, options: TransferOptions) -> tuple[MigrationTable, ...]:
        """Return the migration tables of frameworks in which the two sides differ."""
        sources = [one for one in self.source.tables() if one.name not in options.excluded]
        if not names_of_migration_tables(sources):
            return ()
        targets = self._targets()
        with (
            translated("comparing the tables of migrations"),
            file_errors(self.source.path),
        ):
            return tuple(migration_tables(self.source.connection, self.session, sources, targets))

    def _targets(self) -> tuple[PostgresTable, ...]:
        with translated("looking at the target's tables"):
            return reflect_postgres(self.session, self.target.schema)

    def unconverted_columns(self, pair: TablePair) -> list[ColumnPair]:
        """Return the columns with values in the file whose type has no conversion."""
        return [
            column
            for column in without_conversion(pair)
            if self._holds_value(pair.source.name, column.source.name)
        ]

    def _holds_value(self, table: str, column: str) -> bool:
        exists = statement(
            "SELECT EXISTS (SELECT 1 FROM {} WHERE {} IS NOT NULL)", name(table), name(column)
        )
        return bool(self.source.connection.execute(text(exists)).get)


@contextmanager
def open_endpoints(options: TransferOptions) -> Iterator[TransferEndpoints]:
    """Open source and target for one run; the file is only read.

    Raises:
        DatabaseError: one of them cannot be opened.
        RefusedError: the target is reached through a pooler in transaction mode.
    """
    target = Target(options.target.conninfo(), options.schema, options.target.origin)
    with (
        closing(connect_directly(target, name=f"transfer:{release()}")) as session,
        open_source(options.source, scratch=Path(tempfile.gettempdir())) as source,
        # Any query may meet a damaged page.
        file_errors(options.source),
    ):
        yield TransferEndpoints(source, target, session)


def _allowed(tolerance: Tolerance) -> frozenset[FindingKind]:
    flags = {
        FindingKind.TABLE_ONLY_IN_SOURCE: tolerance.extra_tables,
        FindingKind.VIRTUAL_TABLE: tolerance.extra_tables,
        FindingKind.TABLE_ONLY_IN_TARGET: tolerance.missing_tables,
        FindingKind.COLUMN_ONLY_IN_SOURCE: tolerance.extra_columns,
        FindingKind.COLUMN_ONLY_IN_TARGET: tolerance.missing_columns,
    }
    return frozenset(kind for kind, said in flags.items() if said)
