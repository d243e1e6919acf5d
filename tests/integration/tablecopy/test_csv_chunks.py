"""Ranges cover a table once, chunks stay small, and both sides take the same digest."""

import sqlite3
from contextlib import closing

import pytest

from backend.tablecopy.encoder import encoder
from backend.tablecopy.results import KeyRange
from backend.tablecopy.sqlite.connection import CHUNK_BYTES
from backend.tablecopy.sqlite.csv_chunks import read_chunk
from backend.tablecopy.sqlite.key_ranges import sample_ranges
from backend.tablecopy.target import connect
from backend.values.conversion import Casts
from tests.integration.tablecopy.carrying import both, write

LARGE = 3 * 1024 * 1024


@pytest.fixture
def sides(tmp_path, empty_target):
    """One hundred rows, the last of which are large."""
    path = tmp_path / "a.db"
    rows = [(n * 10, "x" * (LARGE if n >= 97 else n)) for n in range(100)]
    write(
        path,
        "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)",
        "INSERT INTO t VALUES (?, ?)",
        rows=rows,
    )
    with closing(connect(empty_target, name="test")) as session:
        session.execute("CREATE TABLE t (id bigint PRIMARY KEY, v text)")
    with both(path, empty_target) as sides:
        yield sides


def encoding_of(sides):
    (only,) = sides.pairs()
    return encoder(only, Casts())


@pytest.mark.parametrize("rows", [1, 7, 100, 1000])
def test_every_row_is_in_one_range(sides, rows):
    encoding = encoding_of(sides)

    ranges = sample_ranges(sides.source.connection, encoding.pair, rows=rows)

    counts = [read_chunk(sides.source.connection, encoding, one).rows for one in ranges]
    assert sum(counts) == 100
    assert max(counts) <= rows
    assert (ranges[0].after, ranges[-1].upto) == (None, None)


def test_a_range_within_a_range_has_its_borders(sides):
    encoding = encoding_of(sides)
    whole = KeyRange((100,), (500,))

    parts = sample_ranges(sides.source.connection, encoding.pair, rows=9, within=whole)

    counts = [read_chunk(sides.source.connection, encoding, one).rows for one in parts]
    assert sum(counts) == 40
    assert (parts[0].after, parts[-1].upto) == ((100,), (500,))


def test_a_chunk_larger_than_allowed_comes_in_pieces(sides):
    encoding = encoding_of(sides)
    pieces: list[bytes] = []

    done = read_chunk(sides.source.connection, encoding, KeyRange(), pieces.append)

    assert done.rows == 100
    assert done.size == sum(map(len, pieces)) > 2 * CHUNK_BYTES
    assert max(map(len, pieces)) < CHUNK_BYTES
    sides.copy(encoding, rows=50)
    assert sides.same(encoding, rows=50)
    assert sides.same(encoding, rows=1000)


def test_a_value_larger_than_a_chunk_arrives(tmp_path, empty_target):
    path, size = tmp_path / "a.db", CHUNK_BYTES + 1
    write(
        path,
        "CREATE TABLE t (id INTEGER PRIMARY KEY, v BLOB)",
        "INSERT INTO t VALUES (1, ?)",
        rows=[(b"\xff" * size,)],
    )
    with closing(connect(empty_target, name="test")) as session:
        session.execute("CREATE TABLE t (id bigint PRIMARY KEY, v bytea)")

    with both(path, empty_target) as sides:
        encoding = encoding_of(sides)
        sides.copy(encoding)

        assert sides.same(encoding)
        assert sides.session.execute("SELECT length(v) FROM t").fetchone() == (size,)


def test_a_table_of_two_hundred_columns_is_copied_and_compared(tmp_path, empty_target):
    names = [f"c{n}" for n in range(200)]
    write(
        tmp_path / "a.db",
        f"CREATE TABLE t (id INTEGER PRIMARY KEY, {', '.join(names)})",
        f"INSERT INTO t (id, {', '.join(names[::2])}) VALUES ({', '.join('?' * 101)})",
        rows=[(1, *range(100)), (2, *range(100))],
    )
    with closing(connect(empty_target, name="test")) as session:
        columns = ", ".join(f"{name} int" for name in names)
        session.execute(f"CREATE TABLE t (id bigint PRIMARY KEY, {columns})".encode())

    with both(tmp_path / "a.db", empty_target) as sides:
        encoding = encoding_of(sides)
        sides.copy(encoding)

        assert sides.same(encoding)


def test_a_generated_column_and_a_column_called_rowid_are_read_right(tmp_path, empty_target):
    path = tmp_path / "a.db"
    write(
        path,
        "CREATE TABLE t (rowid TEXT, twice GENERATED ALWAYS AS (rowid || rowid))",
        "INSERT INTO t (rowid) VALUES (?)",
        rows=[(f"{n:03}",) for n in range(20)],
    )
    with closing(connect(empty_target, name="test")) as session:
        session.execute("CREATE TABLE t (rowid text, twice text)")

    with both(path, empty_target) as sides:
        encoding = encoding_of(sides)
        sides.copy(encoding, rows=3)

        assert sides.differences(encoding) == []
        stored = sides.session.execute("SELECT * FROM t ORDER BY 1").fetchall()
    with closing(sqlite3.connect(path)) as connection:
        assert stored == connection.execute("SELECT * FROM t").fetchall()
