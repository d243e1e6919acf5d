"""What the columns of a SQLite file may hold: SQLite itself stores anything anywhere."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import partial

from backend.capture.sqlite_columns import fit_together
from backend.capture.tables import Key, Kind, Row, SyncedColumn, SyncedTable, Value
from backend.capture.unfit import UnfitRow, UnfitValueError
from backend.db.chunks import chunks
from backend.db.sql import literal

# Bytes that are no UTF-8 are read as what no text can hold: the driver would show them to all.
AS_TEXT = partial(str, encoding="utf-8", errors="surrogateescape")

_UUID = re.compile(r"[0-9a-f]{32}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}", re.ASCII)
_INTEGER = re.compile(r"-?\d+", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)

_AT_ONCE = 1_000

# The log writes these with quote(): JSON would round them, or not hold them at all.
QUOTED = frozenset({Kind.REAL, Kind.DECIMAL, Kind.OTHER})

_EXPECTED = {
    Kind.UUID: "a UUID of 32 small hexadecimal digits",
    Kind.MOMENT: "a moment, as in 2026-01-31 09:00:00.000000",
    Kind.DATE: "a date, as in 2026-01-31",
    Kind.FLAG: "0 or 1",
    Kind.WHOLE: "a whole number of 64 bits",
    Kind.TEXT: "a text of UTF-8 without NUL characters",
    Kind.NAIVE: "a moment, as in 2026-01-31 09:00:00.000000",
    Kind.REAL: "a number",
    Kind.DECIMAL: "a decimal number",
    Kind.OTHER: "bytes, a number, or a text of UTF-8 without NUL characters",
}


def sound(
    table: SyncedTable, columns: Sequence[SyncedColumn], rows: Iterable[Row]
) -> Iterator[Row]:
    """Return rows that are to be stored or copied whole, in the form in which they are compared.

    Raises:
        UnfitValueError: a value is not what its column is for.
    """
    for row in marked(table, columns, rows):
        if isinstance(row, UnfitRow):
            raise UnfitValueError(_named(table, columns, row), row.why)
        yield row


def marked(
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
        if all(map(fit_together, kinds, zip(*piece, strict=True))):
            yield from piece
        else:
            yield from (_mended(table, columns, row) for row in piece)


def is_key(table: SyncedTable, key: Key) -> bool:
    """Tell whether a row of the table can have a key that begins like this."""
    return all(
        value is not None and _FITS[column.kind](value)
        for column, value in zip(table.named(table.key), key, strict=False)
    )


def as_remembered(column: SyncedColumn, value: Value) -> Value:
    """Return a value of the log in the form in which rows are compared."""
    if column.kind in QUOTED and isinstance(value, str):
        return _unquoted(column.kind, value)
    form = _FORMS.get(column.kind)
    return (form(value) if form else "") or value


def to_remember(column: SyncedColumn, value: Value) -> Value:
    """Return a value in the form in which the log holds it."""
    if column.kind not in QUOTED or value is None:
        return value
    if isinstance(value, bytes):
        return f"X'{value.hex()}'"
    return literal(value) if isinstance(value, str) else repr(value)


def _unquoted(kind: Kind, words: str) -> Value:
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
    return _decimal(value) if kind is Kind.DECIMAL else value


def _mended(table: SyncedTable, columns: Sequence[SyncedColumn], row: Row) -> Row:
    values: list[Value] = []
    why = ""
    for column, value in zip(columns, row, strict=True):
        if value is None or _FITS[column.kind](value):
            values.append(value)
        elif (form := _FORMS.get(column.kind)) and (same := form(value)):
            values.append(same)
        else:
            why = why or f"{column.name} does not hold {_EXPECTED[column.kind]}"
            if column.name in table.key and not _is_text(value):
                raise UnfitValueError(_named(table, columns, row), why)
            values.append(value)
    return UnfitRow(tuple(values), why) if why else tuple(values)


def _named(table: SyncedTable, columns: Sequence[SyncedColumn], row: Row) -> str:
    held = dict(zip((column.name for column in columns), row, strict=True))
    return f"{table.name} {', '.join(ascii(held[name]).strip(chr(39)) for name in table.key)}"


def _decimal(value: object) -> str:
    """Return a number as Postgres writes it when no zeros stand at its end."""
    try:
        number = Decimal(str(value)) if isinstance(value, int | float | str) else Decimal("NaN")
    except InvalidOperation:
        return ""
    if not number.is_finite():
        return ""
    text = f"{number:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def _moment(value: object) -> str:
    """Return a moment in the form of the app, if it is one in whatever form of ISO 8601."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None:
        return ""
    # Without a zone it is UTC, as everywhere in the file.
    utc = moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    return utc.isoformat(" ", "microseconds")


def _is_moment(value: object) -> bool:
    return isinstance(value, str) and bool(_MOMENT.fullmatch(value)) and bool(_moment(value))


def _is_date(value: object) -> bool:
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def _is_text(value: object) -> bool:
    if not isinstance(value, str) or "\0" in value:
        return False
    return value.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in value)


_FITS: Mapping[Kind, Callable[[object], bool]] = {
    Kind.UUID: lambda value: isinstance(value, str) and bool(_UUID.fullmatch(value)),
    Kind.MOMENT: _is_moment,
    Kind.DATE: _is_date,
    Kind.FLAG: lambda value: isinstance(value, int) and value in (0, 1),
    Kind.WHOLE: lambda value: isinstance(value, int),
    Kind.TEXT: _is_text,
    Kind.NAIVE: _is_moment,
    Kind.REAL: lambda value: isinstance(value, float) and value == value,
    Kind.DECIMAL: lambda value: isinstance(value, str) and _decimal(value) == value,
    Kind.OTHER: lambda value: _is_text(value) if isinstance(value, str) else True,
}
_FORMS = {Kind.MOMENT: _moment, Kind.NAIVE: _moment, Kind.DECIMAL: _decimal}
