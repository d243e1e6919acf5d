"""What an update writes of a row that it has found by its key."""

import pytest

from backend.schema.match import ColumnPair, TablePair
from backend.schema.tables import Column, ColumnType, PostgresTable, SqliteTable
from backend.tablecopy.upsert_sql import StagedTable

TEXT = ColumnType("text", "text")


def staged(*, folded: bool = False, here: bool = True, there: bool = True) -> StagedTable:
    """Return the staged of a table whose key is a text, on either side perhaps without a value."""
    key = Column("k", TEXT, not_null=there, folded=folded)
    columns = tuple(
        ColumnPair(Column(target.name, ColumnType.of_sqlite("TEXT"), not_null=here), target)
        for target in (key, Column("v", TEXT, not_null=False))
    )
    source = SqliteTable("a", tuple(one.source for one in columns), ("k",))
    target = PostgresTable("a", tuple(one.target for one in columns), ("k",), schema="public")
    return StagedTable(TablePair(source, target, columns, columns[:1]), 0)


# A real one takes a server with ICU, which no wheel has.
@pytest.mark.parametrize(
    ("folded", "written"),
    [
        pytest.param(False, 'SET "v" = s."v" FROM', id="the key is the same"),
        pytest.param(True, 'SET "k" = s."k", "v" = s."v" FROM', id="it may be another text"),
    ],
)
def test_a_key_is_written_where_it_may_be_equal_and_another_text(folded, written) -> None:
    statement = staged(folded=folded).updates()

    assert statement is not None
    assert written in statement.as_string()


@pytest.mark.parametrize(
    ("here", "there", "known"),
    [(True, True, True), (False, True, True), (True, False, True), (False, False, False)],
)
def test_rows_whose_key_may_be_null_are_known_by_all_that_they_hold(here, there, known) -> None:
    one = staged(here=here, there=there)

    assert one.has_key is known
    assert ("tablecopy_line" in one.inserts().as_string()) is not known
    assert (one.updates() is not None) is known
