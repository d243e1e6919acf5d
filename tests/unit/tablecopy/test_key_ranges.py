"""Where a table is divided into ranges."""

from contextlib import closing

import apsw

from backend.schema.match import ColumnPair, TablePair
from backend.schema.tables import Column, ColumnType, PostgresTable, SqliteTable
from backend.tablecopy.results import KeyRange
from backend.tablecopy.sqlite.key_ranges import sample_ranges

KEY = ColumnPair(
    Column("k", ColumnType.of_sqlite("TEXT"), not_null=True),
    Column("k", ColumnType("text", "text"), not_null=True),
)
PAIR = TablePair(
    SqliteTable("t", (KEY.source,), ("k",), has_rowid=False),
    PostgresTable("t", (KEY.target,), ("k",), schema="public"),
    (KEY,),
    (KEY,),
)
KEYS = """
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
    INSERT INTO t SELECT CAST(CASE WHEN i > 200 THEN x'e9' ELSE x'' END
        || CAST(printf('%04d', i) AS BLOB) AS TEXT) FROM n"""


def test_thousands_of_keys_that_are_no_utf_8_lie_in_one_range():
    with closing(apsw.Connection(":memory:")) as connection:
        connection.execute("CREATE TABLE t (k TEXT PRIMARY KEY) WITHOUT ROWID")
        connection.execute(KEYS)

        ranges = sample_ranges(connection, PAIR, rows=100)

    assert ranges == [
        KeyRange(None, ("0100",)),
        KeyRange(("0100",), ("0200",)),
        KeyRange(("0200",), None),
    ]
