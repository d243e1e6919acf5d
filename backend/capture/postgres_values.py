"""How Postgres reads and writes a value as SQLite stores it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from psycopg import sql

from backend.capture.tables import Kind, SyncedColumn

# Of infinity, to_char makes nothing, which would mean something else: that it never was.
_READ = {
    Kind.UUID: "replace({0}::text, '-', '')",
    Kind.MOMENT: "coalesce(to_char({0} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'), {0}::text)",
    Kind.DATE: "coalesce(to_char({0}, 'YYYY-MM-DD'), {0}::text)",
    Kind.FLAG: "{0}::integer",
    Kind.WHOLE: "{0}",
    Kind.TEXT: "{0}",
    Kind.NAIVE: "coalesce(to_char({0}, 'YYYY-MM-DD HH24:MI:SS.US'), {0}::text)",
    Kind.REAL: "{0}",
    Kind.DECIMAL: "trim_scale({0})::text",
    Kind.OTHER: "{0}::text",
}
_WRITE = {
    Kind.UUID: "{}::uuid",
    Kind.MOMENT: "{}::timestamp AT TIME ZONE 'UTC'",
    Kind.DATE: "{}::date",
    Kind.FLAG: "({}::integer)::boolean",
    Kind.WHOLE: "{}::bigint",
    Kind.TEXT: "{}::text",
    Kind.NAIVE: "{}::timestamp",
    Kind.REAL: "{}::double precision",
    Kind.DECIMAL: "{}::numeric",
}


def read(column: SyncedColumn, place: sql.Composable) -> sql.Composed:
    """Return the expression that gives a value of this column as SQLite stores it."""
    return sql.SQL(_READ[column.kind]).format(place)


def written(column: SyncedColumn, place: sql.Composable) -> sql.Composed:
    """Return the expression that makes a value of this column from such a value's text."""
    if column.kind is Kind.OTHER:
        return sql.SQL("({}::text)::{}").format(place, sql.SQL(column.type))
    return sql.SQL(_WRITE[column.kind]).format(place)


def of(row: str, column: SyncedColumn) -> sql.Composed:
    """Return the expression that reads a column of a row of that name."""
    return read(column, sql.SQL("{}.{}").format(sql.Identifier(row), sql.Identifier(column.name)))


def listed(parts: Iterable[sql.Composable]) -> sql.Composed:
    """Join parts with commas."""
    return sql.SQL(", ").join(parts)


def names(columns: Iterable[str]) -> sql.Composed:
    """Return quoted names with commas between them."""
    return listed(map(sql.Identifier, columns))


def unnested(name: str, width: int) -> sql.Composed:
    """Return a table of `width` columns of text, given as that many arrays."""
    arrays = listed([sql.SQL("%s::text[]")] * width)
    columns = listed(sql.Identifier(f"v{place}") for place in range(width))
    return sql.SQL("unnest({}) AS {}({})").format(arrays, sql.Identifier(name), columns)


def arrays(rows: Sequence[Sequence[object]], width: int) -> list[list[str | None]]:
    """Return the columns of rows as arrays of text."""
    return [[_text(row[place]) for row in rows] for place in range(width)]


def _text(value: object) -> str | None:
    return None if value is None else str(value)
