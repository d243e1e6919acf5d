"""What a SQLite file says of the columns of its tables."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from backend.sync.replica.replica import HeldColumn
from backend.sync.replica.tables import Kind

COLUMNS = (
    'SELECT t.value, c.name, c.type, c."notnull" OR c.pk, c.hidden'
    " FROM json_each(?) AS t, pragma_table_xinfo(t.value) AS c ORDER BY 1, 2"
)
# Of table_xinfo: a column that is worked out, at each reading or once.
_GENERATED = frozenset({2, 3})

# What each word may mean; the other side tells which.
_KINDS = {
    "CHAR(32)": {Kind.UUID},
    "DATETIME": {Kind.MOMENT, Kind.NAIVE},
    "TIMESTAMP": {Kind.MOMENT, Kind.NAIVE},
    "DATE": {Kind.DATE},
    "BOOLEAN": {Kind.FLAG},
    "BIGINT": {Kind.WHOLE},
    "INTEGER": {Kind.WHOLE},
    "INT": {Kind.WHOLE},
    "SMALLINT": {Kind.WHOLE},
    "TEXT": {Kind.TEXT},
    "CLOB": {Kind.TEXT},
    "VARCHAR": {Kind.TEXT},
    "REAL": {Kind.REAL},
    "FLOAT": {Kind.REAL},
    "DOUBLE": {Kind.REAL},
    "DOUBLE PRECISION": {Kind.REAL},
    "NUMERIC": {Kind.DECIMAL},
    "DECIMAL": {Kind.DECIMAL},
}
_WITH_LENGTH = re.compile(r"(VARCHAR|NUMERIC|DECIMAL) ?\(.*\)")


def columns_in(found: Iterable[Any]) -> Mapping[str, tuple[HeldColumn, ...]]:
    """Return the columns of each table, as `COLUMNS` has found them."""
    tables: dict[str, list[HeldColumn]] = defaultdict(list)
    for table, name, words, required, hidden in found:
        column = HeldColumn(name, words, _kinds(words), bool(required), hidden in _GENERATED)
        tables[table].append(column)
    return {table: tuple(columns) for table, columns in tables.items()}


def _kinds(words: str) -> frozenset[Kind]:
    match = _WITH_LENGTH.fullmatch(words.upper())
    return frozenset(_KINDS.get(match[1] if match else words.upper(), ()))
