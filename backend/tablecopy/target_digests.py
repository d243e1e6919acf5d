"""What Postgres has stored, as the same canonical text that is read from SQLite."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from typing import Any

import psycopg
from psycopg import sql

from backend.schema.match import ColumnPair, TablePair
from backend.tablecopy.encoder import Encoder
from backend.tablecopy.postgres.tables import own_rows
from backend.tablecopy.results import Key, KeyRange, RangeDigest

Session = psycopg.Connection[tuple[Any, ...]]  # Any: rows of queries made here

_EMPTY = RangeDigest(0, sha256(usedforsecurity=False).hexdigest())
# Of a range that no digest can be taken of; equal to none.
_UNKNOWN = RangeDigest(-1, "")

_DIGEST = """
    SELECT count(*),
        encode(sha256(convert_to(string_agg({row}, '' ORDER BY {key}), 'UTF8')), 'hex')
    FROM {table} {where}"""
_DIGESTS = "SELECT d.* FROM {ranges} CROSS JOIN LATERAL ({digest}) AS d ORDER BY place"
# A cursor keeps the order that the server has put them in, on disk if they are many.
_LINES = """
    SELECT convert_to({row}, 'UTF8') AS line FROM {table} ORDER BY line"""


def target_digests(
    session: Session, schema: str, encoder: Encoder, ranges: Iterable[KeyRange]
) -> Iterator[RangeDigest]:
    """Take the digest of each range from what the target has stored.

    It equals the digest of `block` over the same range if, and only if, all rows are the same.
    Of a pair that is not `ordered` no range is known to hold the same rows on both sides: its
    digests equal none, and `differences` has to compare the table as a whole.
    """
    every = list(ranges)
    if not encoder.pair.ordered:
        yield from [_UNKNOWN] * len(every)
        return
    together = [one for one in every if is_closed(one)]
    taken = dict(zip(together, _digests(session, schema, encoder, together), strict=True))
    for one in every:
        yield taken.get(one) or _digest(session, schema, encoder, one)


def target_lines(session: Session, schema: str, encoder: Encoder) -> Iterator[bytes]:
    """Return the text of all rows of a table, sorted by its bytes, a few at a time."""
    query = sql.SQL(_LINES).format(
        row=encoder.target_text, table=own_rows(encoder.pair.target, schema)
    )
    with session.transaction(), session.cursor(name="tablecopy_lines", binary=True) as cursor:
        cursor.itersize = 2_000
        for (line,) in cursor.execute(query):
            yield line


def target_key(pair: TablePair) -> list[sql.Composable]:
    """Return the columns by which the target's rows are put in order."""
    return [sql.Identifier(column.target.name) for column in pair.key]


def target_range(pair: TablePair, key_range: KeyRange) -> sql.Composable:
    """Return the WHERE of a range of an `ordered` pair."""
    limits = [(">", key_range.after), ("<=", key_range.upto)]
    conditions = [
        sql.SQL("({}) {} ({})").format(
            sql.SQL(", ").join(target_key(pair)), sql.SQL(operator), _border(pair, border)
        )
        for operator, border in limits
        if border is not None
    ]
    where = sql.SQL("WHERE ") if conditions else sql.SQL("")
    return where + sql.SQL(" AND ").join(conditions)


def is_closed(key_range: KeyRange) -> bool:
    """Tell whether a range has both borders, as all but a table's first and last have."""
    return key_range.after is not None and key_range.upto is not None


def closed_ranges(
    pair: TablePair, ranges: Sequence[KeyRange]
) -> tuple[sql.Composable, sql.Composable]:
    """Return ranges as a table to read from, and the WHERE of a query LATERAL to it.

    It answers for all of them and is planned once.
    """
    key = range(len(pair.key))
    names = [[sql.Identifier(f"{side}_{place}") for place in key] for side in ("after", "upto")]
    rows = [
        sql.SQL("({}, {}, {})").format(
            sql.Literal(place), _border(pair, one.after or ()), _border(pair, one.upto or ())
        )
        for place, one in enumerate(ranges)
    ]
    columns = sql.SQL(", ").join([sql.Identifier("place"), *names[0], *names[1]])
    table = sql.SQL("(VALUES {}) AS tablecopy_ranges ({})").format(_listed(rows), columns)
    after, upto = (
        _listed([sql.SQL("tablecopy_ranges.{}").format(name) for name in side]) for side in names
    )
    where = sql.SQL("WHERE ({key}) > ({after}) AND ({key}) <= ({upto})")
    return table, where.format(key=_listed(target_key(pair)), after=after, upto=upto)


def _digest(session: Session, schema: str, encoder: Encoder, key_range: KeyRange) -> RangeDigest:
    query = _digest_of(schema, encoder, target_range(encoder.pair, key_range))
    row = session.execute(query).fetchone()
    return RangeDigest(row[0], row[1]) if row and row[0] else _EMPTY


def _digests(
    session: Session, schema: str, encoder: Encoder, ranges: Sequence[KeyRange]
) -> list[RangeDigest]:
    if not ranges:
        return []
    table, where = closed_ranges(encoder.pair, ranges)
    query = sql.SQL(_DIGESTS).format(ranges=table, digest=_digest_of(schema, encoder, where))
    return [RangeDigest(row[0], row[1]) if row[0] else _EMPTY for row in session.execute(query)]


def _digest_of(schema: str, encoder: Encoder, where: sql.Composable) -> sql.Composed:
    return sql.SQL(_DIGEST).format(
        row=encoder.target_text,
        key=_listed(target_key(encoder.pair)),
        table=own_rows(encoder.pair.target, schema),
        where=where,
    )


def _listed(parts: Iterable[sql.Composable]) -> sql.Composed:
    return sql.SQL(", ").join(parts)


def _border(pair: TablePair, border: Key) -> sql.Composable:
    parts = (_value(*part) for part in zip(pair.key, border, strict=True))
    return sql.SQL(", ").join(parts)


def _value(column: ColumnPair, value: Any) -> sql.Composable:  # Any: as Key
    name = column.target.type.name
    if isinstance(value, bytes) and name == "uuid":
        value = value.hex()
    # The name of a type comes from the catalog, as SQL. A length would cut the border.
    return sql.SQL("{}::{}").format(sql.Literal(value), sql.SQL(name))
