"""Whatever a name or a constant holds, SQL built from it means just that, on both engines."""

import sqlite3
from contextlib import closing

import apsw
import pytest

from backend.db.connect import connect
from backend.db.sql import chain, join, literal, name, quoted, statement, text, value

STRINGS = [
    pytest.param("plain", id="plain"),
    pytest.param('a"b', id="double quote"),
    pytest.param("a'b", id="single quote"),
    pytest.param('"; DROP TABLE t; --', id="injection"),
    pytest.param("50%", id="percent"),
    pytest.param("%s %(a)s %b", id="placeholders"),
    pytest.param("{} {0} {a}", id="braces"),
    pytest.param("a\\b\\", id="backslash"),
    pytest.param("şığ €漢🙂", id="not ASCII"),
    pytest.param("a.b", id="dot"),
    pytest.param("?1 :a @b $c", id="places of SQLite"),
    pytest.param("select", id="word of SQL"),
    pytest.param("line\nline\t", id="control characters"),
]


def script(hostile: str):
    """Make a table of this name, with a column of this name, that holds this text; read it."""
    table, column = name(hostile), name(hostile)
    return (
        statement("CREATE TABLE {} ({} text)", table, column),
        statement("INSERT INTO {} ({}) VALUES ({})", table, column, value(hostile)),
        statement("SELECT {}.{} FROM {table}", table, column, table=table),
    )


@pytest.mark.parametrize("hostile", STRINGS)
def test_postgres_takes_it_for_what_it_is(postgres, hostile) -> None:
    with closing(connect(postgres, {})) as session:
        *changes, read = script(hostile)
        for change in changes:
            session.execute(change)

        cursor = session.execute(read)

        assert cursor.fetchall() == [(hostile,)]
        assert cursor.description is not None
        assert cursor.description[0].name == hostile


@pytest.mark.parametrize("driver", [sqlite3.connect, apsw.Connection])
@pytest.mark.parametrize("hostile", STRINGS)
def test_sqlite_takes_it_for_what_it_is(driver, hostile) -> None:
    with closing(driver(":memory:")) as connection:
        *changes, read = script(hostile)
        for change in changes:
            connection.execute(text(change))

        cursor = connection.execute(text(read))

        assert cursor.description[0][0] == hostile
        assert cursor.fetchall() == [(hostile,)]


@pytest.mark.parametrize("build", [name, value, quoted, literal])
def test_nul_is_refused(build) -> None:
    with pytest.raises(ValueError, match="NUL"):
        build("a\0b")


def test_bound_values_stand_beside_names(postgres) -> None:
    with closing(connect(postgres, {})) as session:
        query = statement("SELECT {} || %s FROM (SELECT 'a' AS {}) t", name("{a}"), name("{a}"))

        assert session.execute(query, ["%s"]).fetchall() == [("a%s",)]


@pytest.mark.parametrize(
    ("constant", "expected"),
    [
        pytest.param(None, ("null", None), id="NULL"),
        pytest.param(-5, ("integer", -5), id="integer"),
        pytest.param(True, ("integer", 1), id="boolean"),
        pytest.param(b"\x00'a", ("blob", b"\x00'a"), id="bytes"),
        pytest.param("", ("text", ""), id="empty text"),
    ],
)
def test_a_constant_keeps_its_type_in_sqlite(constant, expected) -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        query = text(statement("SELECT typeof({0}), {0}", value(constant)))

        assert connection.execute(query).fetchone() == expected


def test_a_constant_that_sqlite_does_not_have_is_refused() -> None:
    with pytest.raises(TypeError, match="no literal of SQLite for a list"):
        text(value(["a"]))


def test_a_qualified_name_is_quoted_part_by_part() -> None:
    assert text(name("public", 'a"b')) == '"public"."a""b"'


def test_a_brace_is_written_twice() -> None:
    assert text(statement("SELECT '{{}}', {}", value("{}"))) == "SELECT '{}', '{}'"


def test_a_chain_of_2000_columns_is_no_deeper_than_sqlite_takes() -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        ones = chain("+", [value(1)] * 2000)

        assert connection.execute(text(statement("SELECT {}", ones))).fetchone() == (2000,)


def test_parts_are_joined_by_a_literal() -> None:
    assert text(join(", ", [name("a"), value("b")])) == "\"a\", 'b'"
