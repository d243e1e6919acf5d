"""Digests of key ranges of the target, over the same canonical text that is read from SQLite."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from typing import Any

from backend.db import sql
from backend.db.session import Session
from backend.errors import DataError
from backend.schema.match import ColumnPair, TablePair
from backend.tablecopy.encoder import Encoder
from backend.tablecopy.results import KeyRange, RangeDigest, RowKey
from backend.tablecopy.target import own_rows, streamed

_EMPTY = RangeDigest(0, sha256(usedforsecurity=False).hexdigest())
# Of a range that no digest can be taken of; equal to no other digest.
_UNKNOWN = RangeDigest(-1, "")

_DIGEST = """
    SELECT count(*),
        encode(sha256(convert_to(string_agg({row}, '' ORDER BY {key}), 'UTF8')), 'hex')
    FROM {table} {where}"""
_DIGESTS = "SELECT d.* FROM {ranges} CROSS JOIN LATERAL ({digest}) AS d ORDER BY tablecopy_place"
# A cursor keeps the order that the server has put them in, on disk if they are many.
_LINES = """
    SELECT convert_to({row}, 'UTF8') AS line FROM {table} ORDER BY line"""


def target_digests(
    session: Session, schema: str, encoder: Encoder, ranges: Iterable[KeyRange]
) -> Iterator[RangeDigest]:
    """Return the digest of each range of what the target has stored.

    It equals the digest of `read_chunk` over the same range if, and only if, all rows are the same.
    The ranges of a pair that is not `ordered` may hold other rows on either side: their digests
    equal no other, and `differences` has to compare the table as a whole.
    """
    ranges = list(ranges)
    if not encoder.pair.ordered:
        yield from [_UNKNOWN] * len(ranges)
        return
    closed = [one for one in ranges if is_closed(one)]
    digests = dict(zip(closed, _digests(session, schema, encoder, closed), strict=True))
    for one in ranges:
        yield digests.get(one) or _digest(session, schema, encoder, one)


def target_lines(session: Session, schema: str, encoder: Encoder) -> Iterator[bytes]:
    """Return the text of all rows of a table, sorted by its bytes, a few at a time."""
    table = own_rows(encoder.pair.target, schema)
    return streamed(session, sql.statement(_LINES, row=encoder.target_text, table=table))


def target_key(pair: TablePair) -> list[sql.SqlPart]:
    """Return the columns by which the target's rows are put in order."""
    return [sql.name(column.target.name) for column in pair.key]


def target_range(pair: TablePair, key_range: KeyRange) -> sql.SqlPart:
    """Return the WHERE of a range of an `ordered` pair."""
    key = sql.join(", ", target_key(pair))
    limits = [("({}) > ({})", key_range.after), ("({}) <= ({})", key_range.upto)]
    conditions = [
        sql.statement(template, key, _border(pair, border))
        for template, border in limits
        if border is not None
    ]
    where = sql.join(" AND ", conditions)
    return sql.statement("WHERE {}", where) if conditions else where


def is_closed(key_range: KeyRange) -> bool:
    """Tell whether a range has both borders, as all but a table's first and last have."""
    return key_range.after is not None and key_range.upto is not None


def closed_ranges(pair: TablePair, ranges: Sequence[KeyRange]) -> tuple[sql.SqlPart, sql.SqlPart]:
    """Return ranges as a table to read from, and the WHERE of a query LATERAL to it.

    One query then answers for all ranges, and is planned once.
    """
    # Called as no column of the table is, which stands beside these in a query.
    sides = ("tablecopy_after", "tablecopy_upto")
    names = [[sql.name(f"{side}_{place}") for place in range(len(pair.key))] for side in sides]
    rows = [
        sql.statement(
            "({}, {}, {})",
            sql.value(place),
            _border(pair, one.after or ()),
            _border(pair, one.upto or ()),
        )
        for place, one in enumerate(ranges)
    ]
    columns = sql.join(", ", [sql.name("tablecopy_place"), *names[0], *names[1]])
    table = sql.statement("(VALUES {}) AS tablecopy_ranges ({})", sql.join(", ", rows), columns)
    after, upto = (
        sql.join(", ", [sql.statement("tablecopy_ranges.{}", name) for name in side])
        for side in names
    )
    where = "WHERE ({key}) > ({after}) AND ({key}) <= ({upto})"
    key = sql.join(", ", target_key(pair))
    return table, sql.statement(where, key=key, after=after, upto=upto)


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
    query = sql.statement(_DIGESTS, ranges=table, digest=_digest_of(schema, encoder, where))
    return [RangeDigest(row[0], row[1]) if row[0] else _EMPTY for row in session.execute(query)]


def _digest_of(schema: str, encoder: Encoder, where: sql.SqlPart) -> sql.Sql:
    return sql.statement(
        _DIGEST,
        row=encoder.target_text,
        key=sql.join(", ", target_key(encoder.pair)),
        table=own_rows(encoder.pair.target, schema),
        where=where,
    )


def _border(pair: TablePair, border: RowKey) -> sql.SqlPart:
    return sql.join(", ", map(_border_value, pair.key, border))


def _border_value(column: ColumnPair, value: Any) -> sql.SqlPart:  # Any: as RowKey
    name = column.target.type.name
    if isinstance(value, bytes) and name == "uuid":
        value = value.hex()
    if isinstance(value, str) and "\0" in value:
        raise DataError(f"{column.target.name}: a key that no text of Postgres can hold")
    # The name of a type comes from the catalog, as SQL. A length would cut the border.
    # Casting by `::` comes before a minus, so that the least bigint would be too large.
    return sql.statement("CAST({} AS {})", sql.value(value), sql.verbatim(name))
