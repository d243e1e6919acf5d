"""What each engine's catalog says of the columns of its tables."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from backend.capture.tables import Kind
from backend.sync.replica.replica import DatabaseColumn

POSTGRES_COLUMNS = """
    SELECT n.name, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
        a.attgenerated <> '', a.attidentity <> 'a'
    FROM unnest(%s::text[]) AS n(name)
        JOIN pg_attribute AS a ON a.attrelid = to_regclass(quote_ident(n.name))
    WHERE a.attnum > 0 AND NOT a.attisdropped ORDER BY n.name, a.attname"""

_POSTGRES_KINDS = {
    "uuid": Kind.UUID,
    "timestamp with time zone": Kind.MOMENT,
    "timestamp without time zone": Kind.NAIVE,
    "date": Kind.DATE,
    "boolean": Kind.FLAG,
    "bigint": Kind.WHOLE,
    "integer": Kind.WHOLE,
    "smallint": Kind.WHOLE,
    "text": Kind.TEXT,
    "character varying": Kind.TEXT,
    "double precision": Kind.REAL,
    "numeric": Kind.DECIMAL,
}
_POSTGRES_WITH_LENGTH = re.compile(r"(character varying|numeric)\(.*\)")


def postgres_columns(found: Iterable[Any]) -> Mapping[str, tuple[DatabaseColumn, ...]]:
    """Return the columns of each table, as `POSTGRES_COLUMNS` has found them."""
    tables: dict[str, list[DatabaseColumn]] = defaultdict(list)
    for table, name, words, required, is_generated, is_writable in found:
        match = _POSTGRES_WITH_LENGTH.fullmatch(words)
        kind = _POSTGRES_KINDS.get(match[1] if match else words)
        kinds = frozenset({kind} if kind else ())
        column = DatabaseColumn(name, words, kinds, required, is_generated, is_writable)
        tables[table].append(column)
    return {table: tuple(columns) for table, columns in tables.items()}


SQLITE_COLUMNS = (
    'SELECT t.value, c.name, c.type, c."notnull" OR c.pk, c.hidden'
    " FROM json_each(?) AS t, pragma_table_xinfo(t.value) AS c ORDER BY 1, 2"
)
# Of table_xinfo: a column that is worked out, at each reading or once.
_GENERATED = frozenset({2, 3})

# What each word may mean; the other side tells which.
_SQLITE_KINDS = {
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
_SQLITE_WITH_LENGTH = re.compile(r"(VARCHAR|NUMERIC|DECIMAL) ?\(.*\)")


def sqlite_columns(found: Iterable[Any]) -> Mapping[str, tuple[DatabaseColumn, ...]]:
    """Return the columns of each table, as `SQLITE_COLUMNS` has found them."""
    tables: dict[str, list[DatabaseColumn]] = defaultdict(list)
    for table, name, words, required, hidden in found:
        column = DatabaseColumn(
            name, words, _sqlite_kinds(words), bool(required), hidden in _GENERATED
        )
        tables[table].append(column)
    return {table: tuple(columns) for table, columns in tables.items()}


def _sqlite_kinds(words: str) -> frozenset[Kind]:
    match = _SQLITE_WITH_LENGTH.fullmatch(words.upper())
    return frozenset(_SQLITE_KINDS.get(match[1] if match else words.upper(), ()))
