"""Name every value that the target's columns cannot hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import cast

from backend.db.session import ResultRow
from backend.db.sql import Sql, SqlPart, chain, join, name, quoted, statement, text, verbatim
from backend.db.sqlite_reader import VALUE_TOO_LARGE, file_errors, query
from backend.schema.match import ColumnPair, TablePair
from backend.tablecopy.charset import Charset
from backend.tablecopy.encoder import Encoder, encoder
from backend.tablecopy.results import BadValue, KeyRange
from backend.tablecopy.sqlite.connection import SourceConnection
from backend.tablecopy.sqlite.csv_chunks import read_chunk
from backend.tablecopy.sqlite.key_ranges import sample_ranges, source_key, within_range
from backend.values.conversion import (
    BadValueError,
    Casts,
    Conversion,
    Value,
    decoded,
    field_text,
    shown,
)

_RANGE_ROWS = 5_000
# In hexadecimal digits twice as long: neither a text of SQLite nor a value of Postgres is longer.
MOST_BYTES = 499_000_000
# A result of SQLite has 2,000 columns at most, and here are two for each.
_COLUMNS = 500
_OVERSIZE = "oversize"

Converted = Sequence[tuple[ColumnPair, Conversion]]


def bad_values(
    connection: SourceConnection,
    pairs: Iterable[TablePair],
    casts: Casts,
    charset: Charset | None = None,
) -> Iterator[BadValue]:
    """Go through all rows of all tables, and name what would be refused, in key order.

    Without a `charset` the target can hold every character.

    What Postgres alone can know (that a key is taken, a row referred to is missing, a CHECK does
    not hold) is not looked at here, but by `check_constraints`.
    """
    for pair in pairs:
        reading = encoder(pair, casts)
        with file_errors(connection.path):
            for key_range in sample_ranges(connection, pair, rows=_RANGE_ROWS):
                yield from _in_range(connection, reading, key_range, charset)


def _in_range(
    connection: SourceConnection, reading: Encoder, key_range: KeyRange, charset: Charset | None
) -> Iterator[BadValue]:
    # Whether text is UTF-8 SQLite cannot tell; if any is not, each row is looked at.
    is_utf8 = charset is None and _is_utf8(connection, reading, key_range)
    otherwise = statement("0" if is_utf8 else "1")
    every = list(zip(reading.pair.columns, reading.conversions, strict=True))
    for first in range(0, len(every), _COLUMNS):
        some = every[first : first + _COLUMNS]
        rows, bound = _doubtful_rows(reading.pair, some, key_range, otherwise)
        with connection.without_limit():
            for row in query(connection, text(rows), bound):
                yield from _in_row(reading.pair, some, row, charset)


def _is_utf8(connection: SourceConnection, reading: Encoder, key_range: KeyRange) -> bool:
    try:
        # Each piece holds whole rows, and so whole characters.
        read_chunk(connection, reading, key_range, write=bytes.decode)
    except (UnicodeDecodeError, VALUE_TOO_LARGE):
        return False
    return True


def _doubtful_rows(
    pair: TablePair, some: Converted, key_range: KeyRange, otherwise: SqlPart
) -> tuple[Sql, tuple[object, ...]]:
    """Return the query for rows that hold a value for which no SQL can speak."""
    doubts = chain("OR", (_doubt(one, quoted(column.source.name)) for column, one in some))
    clause, bound = within_range(pair, key_range)
    where = clause.sql(also=statement("({} OR {})", doubts, otherwise))
    # Text comes as bytes: if it is not UTF-8, it could not come otherwise.
    names = (*clause.key, *(column.source.name for column, _ in some))
    columns = join(", ", (verbatim(_kind_and_value(quoted(one))) for one in names))
    return statement("SELECT {} FROM {} {}", columns, name(pair.source.name), where), bound


def _doubt(conversion: Conversion, column: str) -> Sql:
    null = "0" if conversion.column.not_null else f"{column} IS NULL"
    valid = f"({null} OR ({conversion.sql_is_valid(column)}))"
    return verbatim(f"({valid} IS NOT TRUE OR {_is_oversize(column)})")


def _is_oversize(column: str) -> str:
    return f"(typeof({column}) = 'blob' AND octet_length({column}) > {MOST_BYTES})"


def _kind_and_value(column: str) -> str:
    return (
        f"CASE WHEN {_is_oversize(column)} THEN '{_OVERSIZE}' ELSE typeof({column}) END,"
        f" CASE WHEN {_is_oversize(column)} THEN octet_length({column})"
        f" WHEN typeof({column}) = 'text' THEN CAST({column} AS BLOB) ELSE {column} END"
    )


def _in_row(
    pair: TablePair, some: Converted, row: ResultRow, charset: Charset | None
) -> Iterator[BadValue]:
    width = len(source_key(pair))
    values = list(zip(row[::2], row[1::2], strict=True))
    parts = zip(source_key(pair), values[:width], strict=True)
    key = ", ".join(f"{name}={_said(*value)}" for name, value in parts) or "(a row without a key)"
    for (column, conversion), value in zip(some, values[width:], strict=True):
        reason = _reason(conversion, *value, charset)
        if reason:
            yield BadValue(pair.source.name, key, column.source.name, _said(*value), reason)


def _reason(conversion: Conversion, kind: str, value: Value, charset: Charset | None) -> str:
    if kind == _OVERSIZE:
        return f"is more than the {MOST_BYTES:,} bytes that Postgres takes of one value"
    try:
        text = field_text(conversion, kind, value, Counter())
    except BadValueError as error:
        return str(error)
    if not text and conversion.column.not_null:
        return "is NULL, which the column does not allow"
    missing = charset.missing(text) if charset else ""
    return f"{charset.name} has no {missing!r}" if charset and missing else ""


def _said(kind: str, value: Value) -> str:
    if kind == _OVERSIZE:
        return f"{cast('int', value):,} bytes"
    try:
        return shown(decoded(value) if kind == "text" else value)
    except BadValueError:
        return shown(value)
