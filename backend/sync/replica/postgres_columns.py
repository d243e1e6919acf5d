"""What a Postgres says of the columns of its tables."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from backend.sync.replica.replica import HeldColumn
from backend.sync.replica.tables import Kind

COLUMNS = """
    SELECT n.name, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
        a.attgenerated <> '', a.attidentity <> 'a'
    FROM unnest(%s::text[]) AS n(name)
        JOIN pg_attribute AS a ON a.attrelid = to_regclass(quote_ident(n.name))
    WHERE a.attnum > 0 AND NOT a.attisdropped ORDER BY n.name, a.attname"""

_KINDS = {
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
_WITH_LENGTH = re.compile(r"(character varying|numeric)\(.*\)")


def columns_in(found: Iterable[Any]) -> Mapping[str, tuple[HeldColumn, ...]]:
    """Return the columns of each table, as `COLUMNS` has found them."""
    tables: dict[str, list[HeldColumn]] = defaultdict(list)
    for table, name, words, required, is_generated, is_writable in found:
        match = _WITH_LENGTH.fullmatch(words)
        kind = _KINDS.get(match[1] if match else words)
        kinds = frozenset({kind} if kind else ())
        column = HeldColumn(name, words, kinds, required, is_generated, is_writable)
        tables[table].append(column)
    return {table: tuple(columns) for table, columns in tables.items()}
