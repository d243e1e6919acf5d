"""Columns of Postgres, read and written in the one form of values; rows as arrays of text."""

from __future__ import annotations

from collections.abc import Sequence

from backend.capture.tables import SyncedColumn
from backend.db.sql import Sql, SqlPart, join, name, statement
from backend.values import portable_sql


def read(row: str, column: SyncedColumn) -> Sql:
    """Return the expression that reads a column of a row of that name."""
    return portable_sql.read(column.kind, name(row, column.name))


def written(column: SyncedColumn, given: SqlPart) -> Sql:
    """Return the expression that makes a value of this column from such a value's text."""
    return portable_sql.written(column.kind, given, column.type)


def unnested(row: str, width: int) -> Sql:
    """Return a table of `width` columns of text, given as that many arrays."""
    given = join(", ", [statement("%s::text[]")] * width)
    columns = join(", ", (name(f"v{place}") for place in range(width)))
    return statement("unnest({}) AS {}({})", given, name(row), columns)


def arrays(rows: Sequence[Sequence[object]], width: int) -> list[list[str | None]]:
    """Return the columns of rows as arrays of text."""
    return [[_text(row[place]) for row in rows] for place in range(width)]


def _text(value: object) -> str | None:
    return None if value is None else str(value)
