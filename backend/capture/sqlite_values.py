"""Rows of a SQLite file, which stores anything anywhere: validated, and as the log holds them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from backend.capture.tables import Key, Row, SyncedColumn, SyncedTable
from backend.capture.unfit_rows import UnfitRow, UnfitValueError
from backend.db.chunks import chunks
from backend.db.sql import literal
from backend.values.conversion import Value
from backend.values.kinds import ValueKind
from backend.values.portable import all_valid, expected, is_valid, normalised

# Bytes that are no UTF-8 become surrogates, which no valid text holds; the driver's error would
# quote them.
AS_TEXT = partial(str, encoding="utf-8", errors="surrogateescape")

_INTEGER = re.compile(r"-?\d+", re.ASCII)
_AT_ONCE = 1_000

# The log writes these with quote(): JSON would round them, or not hold them at all.
QUOTED = frozenset({ValueKind.REAL, ValueKind.DECIMAL, ValueKind.OTHER})


def validate_rows(
    table: SyncedTable, columns: Sequence[SyncedColumn], rows: Iterable[Row]
) -> Iterator[Row]:
    """Return rows that are to be stored or copied whole, in the form in which they are compared.

    Raises:
        UnfitValueError: a value is not what its column is for.
    """
    for row in mark_unfit(table, columns, rows):
        if isinstance(row, UnfitRow):
            raise UnfitValueError(_named(table, columns, row), row.why)
        yield row


def mark_unfit(
    table: SyncedTable, columns: Sequence[SyncedColumn], rows: Iterable[Row]
) -> Iterator[Row]:
    """Return the rows as they are, but for moments in another form that the app reads too.

    A row becomes an `UnfitRow` if it holds a value that its column is not for.

    Raises:
        UnfitValueError: that value is its key, and no text by which the row could be found again.
    """
    kinds = [column.kind for column in columns]
    for piece in chunks(rows, _AT_ONCE):
        # Column by column, all at once: value by value takes longer than reading them.
        if all(map(all_valid, kinds, zip(*piece, strict=True))):
            yield from piece
        else:
            yield from (_normalised_row(table, columns, row) for row in piece)


def is_key(table: SyncedTable, key: Key) -> bool:
    """Tell whether a row of the table can have a key that begins like this."""
    return all(
        is_valid(column.kind, value)
        for column, value in zip(table.named(table.key), key, strict=False)
    )


def from_log(column: SyncedColumn, value: Value) -> Value:
    """Return a value of the log in the form in which rows are compared."""
    if column.kind in QUOTED and isinstance(value, str):
        return _unquoted(column.kind, value)
    return normalised(column.kind, value) or value


def to_log(column: SyncedColumn, value: Value) -> Value:
    """Return a value in the form in which the log holds it."""
    if column.kind not in QUOTED or value is None:
        return value
    if isinstance(value, bytes):
        return f"X'{value.hex()}'"
    return literal(value) if isinstance(value, str) else repr(value)


def _unquoted(kind: ValueKind, words: str) -> Value:
    """Read what SQLite's quote() has written."""
    if words == "NULL":
        return None
    if words.startswith("X'"):
        return bytes.fromhex(words[2:-1])
    value: Value
    if words.startswith("'"):
        value = words[1:-1].replace("''", "'")
    else:
        value = int(words) if _INTEGER.fullmatch(words) else float(words)
    return normalised(kind, value) if kind is ValueKind.DECIMAL else value


def _normalised_row(table: SyncedTable, columns: Sequence[SyncedColumn], row: Row) -> Row:
    values: list[Value] = []
    why = ""
    for column, value in zip(columns, row, strict=True):
        if value is None or is_valid(column.kind, value):
            values.append(value)
        elif same := normalised(column.kind, value):
            values.append(same)
        else:
            why = why or f"{column.name} does not hold {expected(column.kind)}"
            if column.name in table.key and not is_valid(ValueKind.TEXT, value):
                raise UnfitValueError(_named(table, columns, row), why)
            values.append(value)
    return UnfitRow(tuple(values), why) if why else tuple(values)


def _named(table: SyncedTable, columns: Sequence[SyncedColumn], row: Row) -> str:
    held = dict(zip((column.name for column in columns), row, strict=True))
    return f"{table.name} {', '.join(ascii(held[name]).strip(chr(39)) for name in table.key)}"
