"""The rows of a table one by one, as the encoder writes them."""

from __future__ import annotations

from collections.abc import Iterator

from backend.db.session import ResultRow
from backend.db.sql import Sql, SqlPart, join, name, statement, text, verbatim
from backend.db.sqlite_reader import query
from backend.tablecopy.encoder import Encoder
from backend.tablecopy.results import KeyRange
from backend.tablecopy.sqlite.connection import SourceConnection
from backend.tablecopy.sqlite.key_ranges import within_range


def rows_of_fields(
    connection: SourceConnection, encoder: Encoder, key_range: KeyRange
) -> Iterator[tuple[bytes, ...]]:
    """Yield the fields of each row of a range, in key order."""
    fields = (statement("CAST({} AS BLOB)", verbatim(one)) for one in encoder.source_fields())
    clause, bound = within_range(encoder.pair, key_range)
    table = name(encoder.pair.source.name)
    select = statement("SELECT {} FROM {} {}", join(", ", fields), table, clause.sql())
    return _rows(connection, encoder, select, bound)


def sorted_lines(connection: SourceConnection, encoder: Encoder) -> Iterator[bytes]:
    """Yield each row as a line of CSV, in the order of these bytes."""
    lines = statement("SELECT {} AS line FROM {} ORDER BY line", *_line_and_table(encoder))
    return (line for (line,) in _rows(connection, encoder, lines))


def lines_without_null(connection: SourceConnection, encoder: Encoder) -> Iterator[bytes]:
    """Yield each row in which no column is NULL as a line of CSV."""
    columns = (column.source.name for column in encoder.pair.columns)
    filled = join(" AND ", (statement("{} IS NOT NULL", name(one)) for one in columns))
    lines = statement("SELECT {} FROM {} WHERE {}", *_line_and_table(encoder), filled)
    return (line for (line,) in _rows(connection, encoder, lines))


def lines_with_keys(
    connection: SourceConnection, encoder: Encoder, key_range: KeyRange
) -> tuple[list[ResultRow], int]:
    """Return each row of a range as its line and its key's values; and how many values are bad."""
    line, table = _line_and_table(encoder)
    clause, bound = within_range(encoder.pair, key_range)
    key = join(", ", map(name, clause.key))
    lines = statement("SELECT {}, {} FROM {} {}", line, key, table, clause.sql())
    with connection.reading(encoder.conversions) as reading, connection.without_limit():
        return list(query(connection, text(lines), bound)), reading.bad


def _line_and_table(encoder: Encoder) -> tuple[Sql, SqlPart]:
    line = statement("CAST({} AS BLOB)", verbatim(encoder.select))
    return line, name(encoder.pair.source.name)


def _rows(
    connection: SourceConnection, encoder: Encoder, select: Sql, bound: tuple[object, ...] = ()
) -> Iterator[ResultRow]:
    with connection.reading(encoder.conversions), connection.without_limit():
        yield from query(connection, text(select), bound)
