"""Where a table is divided into ranges."""

from contextlib import closing

import apsw
import pytest

from backend.db.sql import statement, text
from backend.schema.match import ColumnPair, TablePair
from backend.schema.tables import Column, ColumnType, PostgresTable, SqliteTable
from backend.tablecopy.results import KeyRange
from backend.tablecopy.sqlite.key_ranges import sample_ranges, within_range

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


@pytest.mark.parametrize(
    ("key_range", "sql", "bound"),
    [
        pytest.param(KeyRange(), 'ORDER BY "k"', (), id="whole table"),
        pytest.param(KeyRange(("a",)), 'WHERE ("k") > (?) ORDER BY "k"', ("a",), id="last"),
        pytest.param(KeyRange(None, ("b",)), 'WHERE ("k") <= (?) ORDER BY "k"', ("b",), id="first"),
        pytest.param(
            KeyRange(("a",), ("b",)),
            'WHERE ("k") > (?) AND ("k") <= (?) ORDER BY "k"',
            ("a", "b"),
            id="between",
        ),
    ],
)
def test_a_range_is_cut_out_by_the_borders_that_it_has(key_range, sql, bound):
    clause, values = within_range(PAIR, key_range)

    assert (text(clause.sql()), values) == (sql, bound)


def test_one_more_condition_stands_beside_the_borders():
    clause, _ = within_range(PAIR, KeyRange(("a",)))

    sql = text(clause.sql(also=statement("x")))

    assert sql == 'WHERE ("k") > (?) AND x ORDER BY "k"'


def test_ranges_that_differ_in_their_borders_alone_have_one_clause():
    ranges = [KeyRange((str(number),), (str(number + 1),)) for number in range(3)]

    clauses = {within_range(PAIR, one)[0] for one in ranges}

    assert len(clauses) == 1
