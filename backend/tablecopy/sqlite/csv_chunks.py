"""The rows of a key range as one piece of CSV, made by SQLite itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from typing import LiteralString

from backend.db.session import ResultRow
from backend.db.sql import name, statement, text, verbatim
from backend.db.sqlite_reader import VALUE_TOO_LARGE, query
from backend.tablecopy.encoder import Encoder
from backend.tablecopy.results import KeyRange, RangeDigest
from backend.tablecopy.sqlite.connection import SourceConnection
from backend.tablecopy.sqlite.key_ranges import RangeClause, within_range

Write = Callable[[bytes], object]

# SQLite keeps the order of a subquery where an aggregate depends on it.
_AT_ONCE = "SELECT count(*), CAST(group_concat(x, '') AS BLOB) FROM ({})"
_ROW_BY_ROW = "SELECT CAST(x AS BLOB) FROM ({})"


@dataclass(frozen=True)
class CsvChunk:
    """What was read: `digest` is over the bytes that were written, which hold `rows` rows.

    With `bad` values in it, it is not fit to be loaded: Postgres would refuse it, and
    `bad_values` names them. `uses` counts what `Casts` allowed.
    """

    rows: int
    digest: str
    size: int
    bad: int = 0
    uses: Mapping[str, int] = field(default_factory=dict)

    @property
    def range_digest(self) -> RangeDigest:
        """What is to be compared with the target's."""
        return RangeDigest(self.rows, self.digest)


def read_chunk(
    connection: SourceConnection,
    encoder: Encoder,
    key_range: KeyRange,
    write: Write | None = None,
) -> CsvChunk:
    """Read a range in key order; `write` gets CSV for `COPY … (FORMAT csv)`, as bytes.

    Bytes come as SQLite has them, so what is not UTF-8, or holds a NUL, is refused by Postgres.
    """
    try:
        return _read(_at_once, connection, encoder, key_range, write)
    except VALUE_TOO_LARGE:
        return _read(_row_by_row, connection, encoder, key_range, write)


def _read(
    pieces_of: Callable[[SourceConnection, Encoder, KeyRange], Iterator[tuple[int, bytes]]],
    connection: SourceConnection,
    encoder: Encoder,
    key_range: KeyRange,
    write: Write | None,
) -> CsvChunk:
    digest, rows, size = sha256(usedforsecurity=False), 0, 0
    with connection.reading(encoder.conversions) as reading:
        for count, data in pieces_of(connection, encoder, key_range):
            rows += count
            size += len(data)
            digest.update(data)
            if write:
                write(data)
    return CsvChunk(rows, digest.hexdigest(), size, reading.bad, dict(reading.uses))


def _at_once(
    connection: SourceConnection, encoder: Encoder, key_range: KeyRange
) -> Iterator[tuple[int, bytes]]:
    for count, data in _query(_AT_ONCE, connection, encoder, key_range):
        if count:
            yield count, data


def _row_by_row(
    connection: SourceConnection, encoder: Encoder, key_range: KeyRange
) -> Iterator[tuple[int, bytes]]:
    """Read a range that is larger than a chunk may be."""
    with connection.without_limit():
        for (data,) in _query(_ROW_BY_ROW, connection, encoder, key_range):
            yield 1, data


def _query(
    template: LiteralString, connection: SourceConnection, encoder: Encoder, key_range: KeyRange
) -> Iterator[ResultRow]:
    clause, bound = within_range(encoder.pair, key_range)
    select = _select(template, encoder.select, encoder.pair.source.name, clause)
    return query(connection, select, bound)


@lru_cache(maxsize=100)
def _select(template: LiteralString, line: str, table: str, clause: RangeClause) -> str:
    lines = statement("SELECT {} AS x FROM {} {}", verbatim(line), name(table), clause.sql())
    return text(statement(template, lines))
