"""Rows that exchange unique values among themselves: right together, never right one by one."""

import sqlite3
from contextlib import closing

import psycopg
import pytest

from backend.errors import DataError
from backend.schema.postgres import reflect_postgres
from backend.tablecopy.target import Target
from tests.integration.tablecopy.moving import bring_up
from tests.integration.tablecopy.snapshot import snapshot

SOURCE = """
    CREATE TABLE person (id INTEGER PRIMARY KEY, email TEXT, seat INTEGER, nick TEXT);
    CREATE TABLE ticket (id INTEGER PRIMARY KEY, person INTEGER);
    INSERT INTO person VALUES (1, 'ana@x', 1, 'a'), (2, 'bo@x', 2, 'b'), (3, 'cem@x', 3, NULL);
    INSERT INTO ticket VALUES (10, 1), (20, 2), (30, 3);
"""
# Nothing that could stand in a value's place for a moment: the checks refuse it.
TARGET = """
    CREATE TABLE person (id bigint PRIMARY KEY, email text NOT NULL CHECK (email LIKE '_%@x'),
        seat integer NOT NULL CONSTRAINT "one seat" UNIQUE DEFERRABLE CHECK (seat BETWEEN 1 AND 4),
        nick text, CONSTRAINT address UNIQUE (email));
    CREATE UNIQUE INDEX "nick, folded" ON person (lower(nick)) WHERE nick <> '';
    COMMENT ON CONSTRAINT address ON person IS 'one each';
    ALTER TABLE person CLUSTER ON address;
    CREATE TABLE ticket (id bigint PRIMARY KEY, person bigint NOT NULL REFERENCES person ON DELETE CASCADE);
"""


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "people.db"
    change(path, SOURCE)
    return path


@pytest.fixture
def target(postgres_server, path, tmp_path):
    """A target that holds the file already."""
    database = postgres_server.new_database()
    target = Target(database.conninfo())
    with closing(psycopg.connect(target.conninfo, autocommit=True)) as connection:
        connection.execute(TARGET)
    bring_up(path, target, tmp_path)
    yield target
    postgres_server.drop_database(database)


@pytest.fixture
def connection(target):
    with closing(psycopg.connect(target.conninfo, autocommit=True)) as connection:
        yield connection


def change(path, statements):
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(statements)


def people(execute):
    return execute("SELECT id, email, seat, nick FROM person ORDER BY id").fetchall()


EXCHANGES = [
    pytest.param("email = CASE id WHEN 1 THEN 'bo@x' ELSE 'ana@x' END WHERE id < 3", id="two"),
    pytest.param(
        "email = CASE id WHEN 1 THEN 'bo@x' WHEN 2 THEN 'cem@x' ELSE 'ana@x' END", id="in a ring"
    ),
    pytest.param(
        "email = CASE id WHEN 1 THEN 'bo@x' WHEN 2 THEN 'cem@x' ELSE 'new@x' END", id="in a row"
    ),
    pytest.param("nick = CASE id WHEN 1 THEN 'B' ELSE 'A' END WHERE id < 3", id="by an expression"),
    pytest.param("seat = 4 - seat WHERE id IN (1, 3)", id="deferrable"),
    pytest.param(
        "email = CASE id WHEN 1 THEN 'cem@x' WHEN 3 THEN 'ana@x' ELSE email END,"
        " nick = CASE id WHEN 1 THEN 'b' WHEN 2 THEN 'a' END, seat = 4 - seat",
        id="all at once",
    ),
]


@pytest.mark.parametrize("exchange", EXCHANGES)
def test_values_are_exchanged_and_nothing_else_changes(
    path, target, connection, tmp_path, exchange
):
    before = snapshot(connection, "public")
    change(path, f"UPDATE person SET {exchange}")

    bring_up(path, target, tmp_path)

    with closing(sqlite3.connect(path)) as file:
        assert people(connection.execute) == people(file.execute)
    assert connection.execute("SELECT id, person FROM ticket ORDER BY 1").fetchall() == [
        (10, 1), (20, 2), (30, 3)
    ]  # fmt: skip
    assert snapshot(connection, "public") == before


def test_a_value_that_two_rows_want_is_refused_by_the_name_of_its_constraint(
    path, target, connection, tmp_path
):
    change(path, "UPDATE person SET email = 'bo@x' WHERE id = 1")
    before = people(connection.execute), snapshot(connection, "public")

    with pytest.raises(DataError, match='unique constraint "address"'):
        bring_up(path, target, tmp_path)

    assert (people(connection.execute), snapshot(connection, "public")) == before


def test_a_value_that_others_refer_to_stays_looked_at_row_by_row(
    path, target, connection, tmp_path
):
    connection.execute("CREATE TABLE badge (owner text REFERENCES person (email))")
    change(path, f"UPDATE person SET {EXCHANGES[0].values[0]}")
    before = people(connection.execute)

    with pytest.raises(DataError, match='unique constraint "address"'):
        bring_up(path, target, tmp_path)

    assert people(connection.execute) == before
    assert len(reflect_postgres(connection, "public")) == 3
