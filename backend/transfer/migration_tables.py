"""What a framework keeps about its own migrations: each side has its own, and the two are compared.

Such a table is never copied: it would make the framework believe in a state of the schema that is
the other side's. But where the two tell different stories, data may have been moved by a migration
that only one side has seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from psycopg import sql

from backend.db.sql import quoted
from backend.db.sqlite_reader import query
from backend.schema.tables import PostgresTable, SqliteTable
from backend.tablecopy.obstacle import Obstacle
from backend.tablecopy.postgres.session import Session
from backend.tablecopy.sqlite.connection import SourceConnection
from backend.transfer.migration_shapes import Shape, shape_of

_SHOWN = 3
_WAY_OUT = "bring both sides to the same migrations of the app, or --exclude this table"

Entry = tuple[str, ...]


@dataclass(frozen=True)
class History:
    """One table of this kind, and what each side has in it."""

    table: str
    shape: Shape
    source: frozenset[Entry] = frozenset()
    target: frozenset[Entry] = frozenset()

    @property
    def has_parted(self) -> bool:
        """Tell whether each side has an entry that the other lacks."""
        if self.shape.is_value:
            return False
        return bool(self.source - self.target and self.target - self.source)

    def __str__(self) -> str:
        if self.shape.is_value:
            return f"{_listed(self.source)} in the source, {_listed(self.target)} in the target"
        sides = {"source": self.source - self.target, "target": self.target - self.source}
        return ", ".join(
            f"only the {name} has {_listed(own)}" for name, own in sides.items() if own
        )


def names_of_histories(tables: Iterable[SqliteTable | PostgresTable]) -> set[str]:
    """Return the tables that are a framework's own."""
    return {table.name for table in tables if _shape(table)}


def histories(
    connection: SourceConnection,
    session: Session,
    sources: Iterable[SqliteTable],
    targets: Iterable[PostgresTable],
) -> Iterator[History]:
    """Read those tables that both sides have, and return the ones that differ."""
    by_name = {table.name.casefold(): table for table in targets}
    for here in sources:
        shape, there = _shape(here), by_name.get(here.name.casefold())
        if shape and shape.entry and there and _shape(there) == shape:
            found = History(
                there.name,
                shape,
                frozenset(_in_source(connection, here, shape)),
                frozenset(_in_target(session, there, shape)),
            )
            if found.source != found.target and found.source and found.target:
                yield found


def notes(found: Iterable[History]) -> tuple[str, ...]:
    """Say where the two differ, and that nothing was done about it."""
    return tuple(f"{one.table} is left alone: {one}" for one in found if not one.has_parted)


def obstacles(found: Iterable[History]) -> Iterator[Obstacle]:
    """Name the tables in which the two sides have gone different ways."""
    for one in found:
        if one.has_parted:
            yield Obstacle(f"the migrations have gone two ways: {one}", _WAY_OUT, one.table)


def _shape(table: SqliteTable | PostgresTable) -> Shape | None:
    return shape_of(table.name, [column.name for column in table.columns])


def _columns(table: SqliteTable | PostgresTable, shape: Shape) -> list[str]:
    names = {column.name.casefold(): column.name for column in table.columns}
    return [names[column] for column in shape.entry]


def _in_source(connection: SourceConnection, table: SqliteTable, shape: Shape) -> Iterator[Entry]:
    # As bytes: what is no UTF-8 could not come otherwise.
    values = (f"CAST({quoted(name)} AS BLOB)" for name in _columns(table, shape))
    words = ("SELECT DISTINCT", ", ".join(values), "FROM", quoted(table.name))
    for row in query(connection, " ".join(words)):
        yield tuple((value or b"").decode(errors="replace") for value in row)


def _in_target(session: Session, table: PostgresTable, shape: Shape) -> Iterator[Entry]:
    values = (sql.SQL("{}::text").format(sql.Identifier(c)) for c in _columns(table, shape))
    name = sql.Identifier(table.schema, table.name)
    query = sql.SQL("SELECT DISTINCT {} FROM {}").format(sql.SQL(", ").join(values), name)
    for row in session.execute(query):
        yield tuple(value or "" for value in row)


def _listed(entries: Iterable[Entry]) -> str:
    """Name the last few: in most frameworks the newest."""
    said = sorted((" ".join(entry) for entry in entries), reverse=True)
    more = f" and {len(said) - _SHOWN} more" if len(said) > _SHOWN else ""
    return ", ".join(said[:_SHOWN]) + more
