"""Compare the tables in which a framework records its migrations.

Such a table is never copied: the framework would take the schema for that of the other side. But
where each side has migrations that the other lacks, one may have moved data.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from backend.db.session import Session
from backend.db.sql import join, name, statement, text
from backend.db.sqlite_reader import query
from backend.schema.tables import PostgresTable, SqliteTable
from backend.tablecopy.obstacle import Obstacle
from backend.tablecopy.sqlite.connection import SourceConnection
from backend.transfer.migration_frameworks import MigrationTableFormat, format_of

_SHOWN = 3
_WAY_OUT = "bring both sides to the same migrations of the app, or --exclude this table"

MigrationId = tuple[str, ...]


@dataclass(frozen=True)
class MigrationTable:
    """One migration table, and the migrations that each side records in it."""

    table: str
    table_format: MigrationTableFormat
    source: frozenset[MigrationId] = frozenset()
    target: frozenset[MigrationId] = frozenset()

    @property
    def has_diverged(self) -> bool:
        """Tell whether each side has a migration that the other lacks."""
        if self.table_format.is_value:
            return False
        return bool(self.source - self.target and self.target - self.source)

    def __str__(self) -> str:
        if self.table_format.is_value:
            return f"{_listed(self.source)} in the source, {_listed(self.target)} in the target"
        sides = {"source": self.source - self.target, "target": self.target - self.source}
        return ", ".join(
            f"only the {name} has {_listed(own)}" for name, own in sides.items() if own
        )


def names_of_migration_tables(tables: Iterable[SqliteTable | PostgresTable]) -> set[str]:
    """Return the names of the tables in which a framework records its migrations."""
    return {table.name for table in tables if _format_of(table)}


def migration_tables(
    connection: SourceConnection,
    session: Session,
    sources: Iterable[SqliteTable],
    targets: Iterable[PostgresTable],
) -> Iterator[MigrationTable]:
    """Read the migration tables that both sides have; return those that differ."""
    by_name = {table.name.casefold(): table for table in targets}
    for here in sources:
        table_format, there = _format_of(here), by_name.get(here.name.casefold())
        if table_format and table_format.entry and there and _format_of(there) == table_format:
            found = MigrationTable(
                there.name,
                table_format,
                frozenset(_in_source(connection, here, table_format)),
                frozenset(_in_target(session, there, table_format)),
            )
            if found.source != found.target and found.source and found.target:
                yield found


def notes(found: Iterable[MigrationTable]) -> tuple[str, ...]:
    """Return a note for each table that differs and is left alone."""
    return tuple(f"{one.table} is left alone: {one}" for one in found if not one.has_diverged)


def obstacles(found: Iterable[MigrationTable]) -> Iterator[Obstacle]:
    """Return an obstacle for each table that has diverged."""
    for one in found:
        if one.has_diverged:
            yield Obstacle(f"the migrations have gone two ways: {one}", _WAY_OUT, one.table)


def _format_of(table: SqliteTable | PostgresTable) -> MigrationTableFormat | None:
    return format_of(table.name, [column.name for column in table.columns])


def _columns(table: SqliteTable | PostgresTable, table_format: MigrationTableFormat) -> list[str]:
    names = {column.name.casefold(): column.name for column in table.columns}
    return [names[column] for column in table_format.entry]


def _in_source(
    connection: SourceConnection, table: SqliteTable, table_format: MigrationTableFormat
) -> Iterator[MigrationId]:
    # As bytes: text that is not UTF-8 could not be read otherwise.
    values = (statement("CAST({} AS BLOB)", name(c)) for c in _columns(table, table_format))
    select = statement("SELECT DISTINCT {} FROM {}", join(", ", values), name(table.name))
    for row in query(connection, text(select)):
        yield tuple((value or b"").decode(errors="replace") for value in row)


def _in_target(
    session: Session, table: PostgresTable, table_format: MigrationTableFormat
) -> Iterator[MigrationId]:
    values = (statement("{}::text", name(c)) for c in _columns(table, table_format))
    table_name = name(table.schema, table.name)
    for row in session.execute(
        statement("SELECT DISTINCT {} FROM {}", join(", ", values), table_name)
    ):
        yield tuple(value or "" for value in row)


def _listed(entries: Iterable[MigrationId]) -> str:
    """Return the last few names: in most frameworks the newest migrations."""
    said = sorted((" ".join(entry) for entry in entries), reverse=True)
    more = f" and {len(said) - _SHOWN} more" if len(said) > _SHOWN else ""
    return ", ".join(said[:_SHOWN]) + more
