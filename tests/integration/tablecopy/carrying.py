"""Carry rows from a SQLite file to a Postgres by the engine's own steps, without a shadow."""

import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from backend.db.session import Session
from backend.schema.match import MatchOptions, TablePair, match_tables
from backend.schema.postgres import reflect_postgres
from backend.tablecopy.encoder import Encoder, encoder
from backend.tablecopy.key_order import check_key_order
from backend.tablecopy.results import BadValue, Difference, KeyRange
from backend.tablecopy.row_diff import differences
from backend.tablecopy.sqlite.bad_values import bad_values
from backend.tablecopy.sqlite.csv_chunks import read_chunk
from backend.tablecopy.sqlite.key_ranges import sample_ranges
from backend.tablecopy.sqlite.source import Source, open_source
from backend.tablecopy.target import Target, connect
from backend.tablecopy.target_digests import target_digests
from backend.values.conversion import Casts


@dataclass(frozen=True)
class Sides:
    """A file and a database that are open at the same time."""

    source: Source
    session: Session

    def pairs(self, *, ordered: bool = True) -> list[TablePair]:
        """Pair all tables."""
        found = match_tables(
            self.source.tables(), reflect_postgres(self.session, "public"), MatchOptions()
        )
        if not ordered:
            return list(found.pairs)
        return [check_key_order(self.source.connection, self.session, one) for one in found.pairs]

    def copy(self, encoding: Encoder, *, rows: int = 3) -> Counter[str]:
        """Copy a table; return how often an allowance was made use of."""
        uses: Counter[str] = Counter()
        statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv)").format(
            sql.Identifier(encoding.pair.target.name),
            sql.SQL(", ").join(map(sql.Identifier, encoding.columns)),
        )
        ranges = sample_ranges(self.source.connection, encoding.pair, rows=rows)
        with self.session.cursor().copy(statement) as copy:
            for key_range in ranges:
                uses += Counter(
                    read_chunk(self.source.connection, encoding, key_range, copy.write).uses
                )
        return uses

    def differences(self, encoding: Encoder, *, rows: int = 3) -> list[Difference]:
        """Compare digests of ranges, and name what differs in those where they do."""
        reader, session = self.source.connection, self.session
        ranges = sample_ranges(reader, encoding.pair, rows=rows)
        stored = target_digests(session, "public", encoding, ranges)
        return [
            difference
            for key_range, held in zip(ranges, stored, strict=True)
            if read_chunk(reader, encoding, key_range).range_digest != held
            for difference in differences(reader, session, "public", encoding, key_range)
        ]

    def same(self, encoding: Encoder, *, rows: int = 3) -> bool:
        """Tell whether the digests of both sides are the same."""
        ranges = sample_ranges(self.source.connection, encoding.pair, rows=rows)
        here = [read_chunk(self.source.connection, encoding, one).range_digest for one in ranges]
        return here == list(target_digests(self.session, "public", encoding, ranges))


@contextmanager
def both(path: Path, target: Target) -> Iterator[Sides]:
    """Open a file and a database."""
    with (
        open_source(path, scratch=path.parent) as source,
        closing(connect(target, name="test")) as session,
    ):
        yield Sides(source, session)


class AsText(bytes):
    """Bytes that SQLite shall hold as text, whether or not they are UTF-8."""


@dataclass(frozen=True)
class Carried:
    """What became of one column's values."""

    stored: list[str | None]
    same: bool
    uses: dict[str, int]


def write(path: Path, *statements: str, rows: Sequence[Sequence[Any]] | None = None) -> None:
    """Make a SQLite file; the last statement is run once for each of the rows, if there are any."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA journal_mode = WAL")
        for statement in statements[: len(statements) - (rows is not None)]:
            connection.execute(statement)
        if rows is not None:
            connection.executemany(statements[-1], rows)


def carry(
    path: Path,
    target: Target,
    values: Sequence[Any],
    kind: str,
    *,
    declared: str = "",
    **casts: str,
) -> Carried:
    """Put values, in the storage class that they have, into a column of a Postgres type."""
    _one_column(path, target, values, kind, declared)
    with both(path, target) as sides:
        (only,) = sides.pairs()
        encoding = encoder(only, Casts(**casts))  # type: ignore[arg-type]
        uses = sides.copy(encoding)
        rows = sides.session.execute("SELECT v::text FROM t ORDER BY id").fetchall()
        return Carried([row[0] for row in rows], sides.same(encoding), dict(uses))


def refused(
    path: Path,
    target: Target,
    values: Sequence[Any],
    kind: str,
    *,
    declared: str = "",
    **casts: str,
) -> tuple[list[BadValue], list[bool]]:
    """Return the bad values among some, and for each of them whether copying it alone failed."""
    _one_column(path, target, values, kind, declared)
    with both(path, target) as sides:
        (only,) = sides.pairs()
        allowed = Casts(**casts)  # type: ignore[arg-type]
        found = list(bad_values(sides.source.connection, [only], allowed))
        encoding = encoder(only, allowed)
        failed = [_fails(sides, encoding, place + 1) for place in range(len(values))]
    return found, failed


def _fails(sides: Sides, encoding: Encoder, key: int) -> bool:
    statement = "COPY t (id, v) FROM STDIN (FORMAT csv)"
    only = KeyRange((key - 1,), (key,))
    try:
        with sides.session.cursor().copy(statement) as copy:
            done = read_chunk(sides.source.connection, encoding, only, copy.write)
    except (psycopg.DataError, psycopg.IntegrityError):
        return True
    assert not done.bad, "a bad value has been copied"
    return False


def _one_column(
    path: Path, target: Target, values: Sequence[Any], kind: str, declared: str
) -> None:
    write(
        path,
        f"CREATE TABLE t (id INTEGER PRIMARY KEY, v {declared})",
        "INSERT INTO t (v) VALUES (CASE ?2 WHEN 1 THEN CAST(?1 AS TEXT) ELSE ?1 END)",
        rows=[(value, isinstance(value, AsText)) for value in values],
    )
    with closing(connect(target, name="test")) as session:
        session.execute("DROP TABLE IF EXISTS t")
        session.execute(f"CREATE TABLE t (id bigint PRIMARY KEY, v {kind})".encode())
