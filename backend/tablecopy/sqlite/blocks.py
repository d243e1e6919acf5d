"""The rows of a key range as one piece of CSV, made by SQLite itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256

import apsw

from backend.tablecopy.encoder import Encoder
from backend.tablecopy.results import KeyRange, RangeDigest
from backend.tablecopy.sqlite.asking import ask
from backend.tablecopy.sqlite.connection import SourceConnection, without_limit
from backend.tablecopy.sqlite.quoting import quoted
from backend.tablecopy.sqlite.ranges import within_range

Write = Callable[[bytes], object]


@dataclass(frozen=True)
class Block:
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


def block(
    connection: SourceConnection,
    encoder: Encoder,
    key_range: KeyRange,
    write: Write | None = None,
) -> Block:
    """Read a range in key order; `write` gets CSV for `COPY … (FORMAT csv)`, as bytes.

    Bytes come as SQLite has them, so what is not UTF-8, or holds a NUL, is refused by Postgres.
    """
    connection.begin_reading(encoder.conversions)
    try:
        pieces = _Pieces(write)
        rows = _read_at_once(connection, encoder, key_range, pieces)
    except apsw.TooBigError:
        connection.begin_reading(encoder.conversions)
        pieces = _Pieces(write)
        rows = _read_rows(connection, encoder, key_range, pieces)
    return Block(
        rows, pieces.digest.hexdigest(), pieces.size, connection.bad, dict(connection.uses)
    )


class _Pieces:
    """Passes bytes on and takes their digest."""

    def __init__(self, write: Write | None) -> None:
        self.write = write
        self.digest = sha256(usedforsecurity=False)
        self.size = 0

    def add(self, data: bytes) -> None:
        self.digest.update(data)
        self.size += len(data)
        if self.write:
            self.write(data)


def _read_at_once(
    connection: SourceConnection, encoder: Encoder, key_range: KeyRange, pieces: _Pieces
) -> int:
    rows, bound = _rows(encoder, key_range)
    # SQLite keeps the order of a subquery where an aggregate depends on it.
    sql = f"SELECT count(*), CAST(group_concat(x, '') AS BLOB) FROM ({rows})"  # noqa: S608
    count: int
    ((count, data),) = ask(connection, sql, bound)
    if count:
        pieces.add(data)
    return count


def _read_rows(
    connection: SourceConnection, encoder: Encoder, key_range: KeyRange, pieces: _Pieces
) -> int:
    """Read the range row by row: it is larger than a block may be."""
    rows, bound = _rows(encoder, key_range)
    count = 0
    with without_limit(connection):
        sql = f"SELECT CAST(x AS BLOB) FROM ({rows})"  # noqa: S608 - built from quoted names
        for (data,) in ask(connection, sql, bound):
            pieces.add(data)
            count += 1
    return count


def _rows(encoder: Encoder, key_range: KeyRange) -> tuple[str, tuple[object, ...]]:
    where, bound = within_range(encoder.pair, key_range)
    words = ("SELECT", encoder.select, "AS x FROM", quoted(encoder.pair.source.name), where)
    return " ".join(words), bound
