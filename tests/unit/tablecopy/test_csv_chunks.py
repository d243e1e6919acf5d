"""What is counted while a range is read, in one piece or row by row."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import apsw
import pytest

from backend.schema.match import ColumnPair, TablePair
from backend.schema.tables import Column, ColumnType, PostgresTable, SqliteTable
from backend.tablecopy.encoder import Encoder, encoder
from backend.tablecopy.results import KeyRange
from backend.tablecopy.sqlite.connection import SourceConnection, SourceHandle, connect
from backend.tablecopy.sqlite.csv_chunks import read_chunk
from backend.values.conversion import Casts

ROWS = 10
BYTES = 300
TEXT = ColumnType("text", "text")


@pytest.fixture
def connection(tmp_path) -> Iterator[SourceConnection]:
    """A table whose rows hold a NUL each, and nearly as many bytes as a chunk may."""
    path = tmp_path / "a.db"
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)")
        rows = [(f"{n}\0{'x' * BYTES}",) for n in range(ROWS)]
        file.executemany("INSERT INTO t (v) VALUES (?)", rows)
    with closing(connect(SourceHandle(path, path))) as connection:
        yield connection


def encoding(stored: ColumnType, casts: Casts) -> Encoder:
    columns = (
        ColumnPair(
            Column("id", ColumnType.of_sqlite("INTEGER"), not_null=True),
            Column("id", ColumnType("bigint", "bigint"), not_null=True),
        ),
        ColumnPair(
            Column("v", ColumnType.of_sqlite("TEXT"), not_null=False),
            Column("v", stored, not_null=False),
        ),
    )
    source = SqliteTable("t", tuple(one.source for one in columns), ("id",))
    target = PostgresTable("t", tuple(one.target for one in columns), ("id",), schema="public")
    return encoder(TablePair(source, target, columns, columns[:1], ordered=True), casts)


@pytest.mark.parametrize("largest", [BYTES * ROWS * 2, BYTES * 3])
def test_every_row_is_counted_once_however_the_range_is_read(connection, largest):
    replaced = encoding(TEXT, Casts(nul="replace"))
    refused = encoding(ColumnType("uuid", "uuid"), Casts())

    done, bad = [], []
    for _ in "12":
        # What was counted in a range before does not count either.
        connection.limit(apsw.SQLITE_LIMIT_LENGTH, largest)
        done.append(read_chunk(connection, replaced, KeyRange()))
        connection.limit(apsw.SQLITE_LIMIT_LENGTH, largest)
        bad.append(read_chunk(connection, refused, KeyRange()))

    assert [(one.rows, one.bad, one.uses) for one in done] == [(ROWS, 0, {"nul": ROWS})] * 2
    assert [(one.rows, one.bad, one.uses) for one in bad] == [(ROWS, ROWS, {})] * 2


def test_it_is_the_same_piece_however_the_range_is_read(connection):
    replaced = encoding(TEXT, Casts(nul="replace"))

    whole = read_chunk(connection, replaced, KeyRange())
    connection.limit(apsw.SQLITE_LIMIT_LENGTH, BYTES * 3)
    by_rows = read_chunk(connection, replaced, KeyRange())

    assert by_rows == whole
