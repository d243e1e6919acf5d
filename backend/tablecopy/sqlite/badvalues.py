"""Name every value that the target's columns cannot hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Protocol

from backend.tablecopy.casting.encoder import Encoder, encoder
from backend.tablecopy.casting.rule import (
    BadValueError,
    Rule,
    Value,
    decoded,
    field_text,
    shown,
)
from backend.tablecopy.shape import BadValue, Casts, KeyRange, TablePair
from backend.tablecopy.sqlite.asking import Row, ask
from backend.tablecopy.sqlite.blocks import block
from backend.tablecopy.sqlite.connection import SourceConnection, without_limit
from backend.tablecopy.sqlite.errors import translated
from backend.tablecopy.sqlite.quoting import quoted
from backend.tablecopy.sqlite.ranges import key_names, sample_ranges, source_key, within_range

_RANGE_ROWS = 5_000


class Charset(Protocol):
    """The characters that the target can hold."""

    name: str

    def missing(self, text: str) -> str:
        """Return the first one of a text that it does not have, or nothing."""


def bad_values(
    connection: SourceConnection,
    pairs: Iterable[TablePair],
    casts: Casts,
    charset: Charset | None = None,
) -> Iterator[BadValue]:
    """Go through all rows of all tables, and name what would be refused, in key order.

    Without a `charset` the target can hold every character.

    What Postgres alone can know (that a key is taken, a row referred to is missing, a CHECK does
    not hold) is not looked at here, but in a rehearsal.
    """
    for pair in pairs:
        reading = encoder(pair, casts)
        with translated(connection.path):
            for key_range in sample_ranges(connection, pair, rows=_RANGE_ROWS):
                yield from _in_range(connection, reading, key_range, charset)


def _in_range(
    connection: SourceConnection, reading: Encoder, key_range: KeyRange, charset: Charset | None
) -> Iterator[BadValue]:
    # Whether text is UTF-8 SQLite cannot tell; if any is not, each row is looked at.
    sure = charset is None and _is_utf8(connection, reading, key_range)
    only = "" if sure else " OR 1"
    rows, bound = _doubtful_rows(reading, key_range, only)
    with without_limit(connection):
        for row in ask(connection, rows, bound):
            yield from _in_row(reading, row, charset)


def _is_utf8(connection: SourceConnection, reading: Encoder, key_range: KeyRange) -> bool:
    try:
        # Each piece holds whole rows, and so whole characters.
        block(connection, reading, key_range, write=bytes.decode)
    except UnicodeDecodeError:
        return False
    return True


def _doubtful_rows(
    reading: Encoder, key_range: KeyRange, otherwise: str
) -> tuple[str, tuple[object, ...]]:
    """Return the query for rows that hold a value for which no SQL can speak."""
    pair = reading.pair
    names = [quoted(column.source.name) for column in pair.columns]
    doubts = " OR ".join(map(_doubt, reading.rules, names))
    where, bound = within_range(pair, key_range, also=f"({doubts}{otherwise})")
    # Text comes as bytes: if it is not UTF-8, it could not come otherwise.
    columns = ", ".join(
        f"typeof({name}), CASE typeof({name}) WHEN 'text' THEN CAST({name} AS BLOB) ELSE {name} END"
        for name in (*source_key(pair), *names)
    )
    return " ".join(("SELECT", columns, "FROM", quoted(pair.source.name), where)), bound


def _doubt(rule: Rule, name: str) -> str:
    null = "0" if rule.column.not_null else f"{name} IS NULL"
    return f"({null} OR ({rule.sure(name)})) IS NOT TRUE"


def _in_row(reading: Encoder, row: Row, charset: Charset | None) -> Iterator[BadValue]:
    pair, width = reading.pair, len(source_key(reading.pair))
    values = list(zip(row[::2], row[1::2], strict=True))
    parts = zip(key_names(pair), values[:width], strict=True)
    key = ", ".join(f"{name}={_said(*value)}" for name, value in parts)
    for column, rule, value in zip(pair.columns, reading.rules, values[width:], strict=True):
        reason = _reason(rule, *value, charset)
        if reason:
            yield BadValue(pair.source.name, key, column.source.name, _said(*value), reason)


def _reason(rule: Rule, kind: str, value: Value, charset: Charset | None) -> str:
    try:
        text = field_text(rule, kind, value, Counter())
    except BadValueError as error:
        return str(error)
    if not text and rule.column.not_null:
        return "is NULL, which the column does not allow"
    missing = charset.missing(text) if charset else ""
    return f"{charset.name} has no {missing!r}" if charset and missing else ""


def _said(kind: str, value: Value) -> str:
    try:
        return shown(decoded(value) if kind == "text" else value)
    except BadValueError:
        return shown(value)
