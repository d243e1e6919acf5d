"""Key ranges of about as many rows as wanted, their borders taken from the table in key order."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import LiteralString

from backend.db.sql import Sql, SqlPart, chain, join, name, statement, text
from backend.db.sqlite_reader import APSWConnection, query
from backend.schema.match import TablePair
from backend.schema.tables import SqliteTable
from backend.tablecopy.results import KeyRange, RowKey

# A range should fit into memory several times over, on both sides.
_RANGE_BYTES = 1024 * 1024
_WHOLE = KeyRange()
_ROWID_NAMES = ("rowid", "_rowid_", "oid")


def source_key(pair: TablePair) -> tuple[str, ...]:
    """Return the columns by which the source is read in order, through an index.

    None: the table has columns of all names that SQLite's own row number has.
    """
    if pair.ordered:
        return tuple(column.source.name for column in pair.key)
    return _rowid(pair.source) if pair.source.has_rowid else pair.source.primary_key


def _rowid(table: SqliteTable) -> tuple[str, ...]:
    """Return the name by which SQLite's own row number can be asked for, if there is one."""
    declared = {column.name.lower(): column.type.name for column in table.columns}
    free = next((one for one in _ROWID_NAMES if one not in declared), None)
    if free:
        return (free,)
    types = [declared[column.lower()] for column in table.primary_key]
    return table.primary_key if types == ["INTEGER"] and not table.has_key_index else ()


def sample_ranges(
    connection: APSWConnection, pair: TablePair, *, rows: int, within: KeyRange = _WHOLE
) -> list[KeyRange]:
    """Divide the table, or a part of it, into ranges of `rows` rows, fewer where rows are large.

    Together they hold every key there is or could be: the first and the last have no border
    where `within` has none. A table without a key is one range.
    """
    if not source_key(pair):
        return [within]
    borders: list[RowKey | None] = [within.after]
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


@dataclass(frozen=True)
class RangeClause:
    """The WHERE and ORDER BY of a range, without its borders, which are bound.

    Small ranges come by the thousand and have this in common, so queries are kept by it: to
    build one takes longer than to read 16 rows.
    """

    key: tuple[str, ...]
    operators: tuple[LiteralString, ...]

    def sql(self, also: SqlPart | None = None) -> Sql:
        """Return it as SQL, with one more condition if there is one."""
        key = join(", ", map(name, self.key))
        marks = join(", ", [statement("?")] * len(self.key))
        conditions: list[SqlPart] = [
            statement("({}) {} ({})", key, statement(operator), marks)
            for operator in self.operators
        ]
        conditions += [also] if also else []
        where = statement("WHERE {} ", join(" AND ", conditions)) if conditions else statement("")
        order = statement("ORDER BY {}", key) if self.key else statement("")
        return statement("{}{}", where, order)


def within_range(pair: TablePair, key_range: KeyRange) -> tuple[RangeClause, tuple[object, ...]]:
    """Return the clause of a range, and what to bind."""
    key = source_key(pair)
    limits: list[tuple[LiteralString, RowKey | None]]
    limits = [(">", key_range.after), ("<=", key_range.upto)] if key else []
    borders = [(operator, border) for operator, border in limits if border is not None]
    bound = tuple(value for _, border in borders for value in border)
    return RangeClause(key, tuple(operator for operator, _ in borders)), bound


def _next(
    connection: APSWConnection, pair: TablePair, rest: KeyRange, rows: int
) -> tuple[RowKey, int] | None:
    """Return the key of the last of the next `rows` rows, and the size of that row.

    A key that is not UTF-8 cannot be a border: the range is larger then.
    """
    clause, bound = within_range(pair, rest)
    select = _border_query(tuple(c.source.name for c in pair.columns), pair.source.name, clause)
    while True:
        try:
            found = next(query(connection, select, (*bound, rows - 1)), None)
        except UnicodeDecodeError:
            rows *= 2
            continue
        return (found[:-1], found[-1]) if found else None


@lru_cache(maxsize=100)
def _border_query(columns: tuple[str, ...], table: str, clause: RangeClause) -> str:
    sizes = (statement("coalesce(octet_length({}), 0)", name(column)) for column in columns)
    select = statement(
        "SELECT {}, {} FROM {} {} LIMIT 1 OFFSET ?",
        join(", ", map(name, clause.key)),
        chain("+", sizes),
        name(table),
        clause.sql(),
    )
    return text(select)
