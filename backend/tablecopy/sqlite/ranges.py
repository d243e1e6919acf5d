"""Key ranges of about as many rows as wanted, their borders taken from the table in key order."""

from __future__ import annotations

from itertools import pairwise

import apsw

from backend.schema.match import TablePair
from backend.schema.tables import SourceTable
from backend.tablecopy.results import Key, KeyRange
from backend.tablecopy.sqlite.asking import ask
from backend.tablecopy.sqlite.quoting import chained, quoted, row_value

# A range should fit into memory several times over, on both sides.
_RANGE_BYTES = 1024 * 1024
_WHOLE = KeyRange()
_ROWID_NAMES = ("rowid", "_rowid_", "oid")


def source_key(pair: TablePair) -> tuple[str, ...]:
    """Return the quoted columns by which the source is read in order, through an index.

    None: the table has columns of all names that SQLite's own row number has.
    """
    if pair.ordered:
        return tuple(quoted(column.source.name) for column in pair.key)
    table = pair.source
    if table.has_rowid:
        return _rowid(table)
    return tuple(quoted(name) for name in table.primary_key)


def _rowid(table: SourceTable) -> tuple[str, ...]:
    """Return the name by which SQLite's own row number can be asked for, if there is one."""
    declared = {column.name.lower(): column.declared.strip().upper() for column in table.columns}
    free = next((name for name in _ROWID_NAMES if name not in declared), None)
    if free:
        return (free,)
    if len(table.primary_key) == 1 and declared[table.primary_key[0].lower()] == "INTEGER":
        return (quoted(table.primary_key[0]),)
    return ()


def sample_ranges(
    connection: apsw.Connection, pair: TablePair, *, rows: int, within: KeyRange = _WHOLE
) -> list[KeyRange]:
    """Divide the table, or a part of it, into ranges of `rows` rows, fewer where rows are large.

    Together they hold every key there is or could be: the first and the last have no border
    where `within` has none. A table without a key is one range.
    """
    if not source_key(pair):
        return [within]
    borders: list[Key | None] = [within.after]
    wanted, seen_bytes = rows, 0
    while border := _next(connection, pair, KeyRange(borders[-1], within.upto), wanted):
        key, row_bytes = border
        borders.append(key)
        seen_bytes += row_bytes
        average = seen_bytes // (len(borders) - 1) + 1
        wanted = max(1, min(rows, _RANGE_BYTES // average))
    # A border at the very end would leave an empty range behind it; harmless.
    borders.append(within.upto)
    return [KeyRange(after, upto) for after, upto in pairwise(borders)]


def key_names(pair: TablePair) -> tuple[str, ...]:
    """Return what people call the columns of `source_key`."""
    names = {quoted(column.name): column.name for column in pair.source.columns}
    return tuple(names.get(name, name) for name in source_key(pair))


def within_range(
    pair: TablePair, key_range: KeyRange, also: str = ""
) -> tuple[str, tuple[object, ...]]:
    """Return the WHERE and ORDER BY of a range, and what to bind."""
    key = source_key(pair)
    if not key:
        return f"WHERE {also}" if also else "", ()
    row, marks = row_value(key), row_value("?" * len(key))
    limits = [(">", key_range.after), ("<=", key_range.upto)]
    conditions = [f"{row} {operator} {marks}" for operator, border in limits if border is not None]
    conditions += [also] if also else []
    where = f"WHERE {' AND '.join(conditions)} " if conditions else ""
    bound = tuple(value for _, border in limits if border is not None for value in border)
    return f"{where}ORDER BY {', '.join(key)}", bound


def _next(
    connection: apsw.Connection, pair: TablePair, rest: KeyRange, rows: int
) -> tuple[Key, int] | None:
    """Return the key of the last of the next `rows` rows, and the size of that row."""
    columns = source_key(pair)
    sizes = (f"coalesce(octet_length({quoted(c.source.name)}), 0)" for c in pair.columns)
    where, bound = within_range(pair, rest)
    words = (
        *("SELECT", ", ".join((*columns, chained("+", sizes)))),
        *("FROM", quoted(pair.source.name), where, "LIMIT 1 OFFSET ?"),
    )
    try:
        found = next(ask(connection, " ".join(words), (*bound, rows - 1)), None)
    except UnicodeDecodeError:
        # A key that is not UTF-8 cannot be a border; it will be named as a bad value.
        return _next(connection, pair, rest, rows + 1)
    return (found[:-1], found[-1]) if found else None
