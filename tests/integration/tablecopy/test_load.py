"""Whole tables move by several workers at once, and arrive complete or not at all."""

import secrets
import sqlite3
from contextlib import closing

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from backend.errors import DataError
from backend.tablecopy.target import Target
from backend.tablecopy.update import TableChange
from backend.tablecopy.violations import ViolationsError
from tests.integration.tablecopy import shop
from tests.integration.tablecopy.moving import bring_up, rows_of, transfer
from tests.integration.tablecopy.snapshot import schemas, snapshot


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "shop.db"
    shop.fill(path)
    return path


@pytest.fixture
def target(postgres_server):
    database = postgres_server.new_database()
    with closing(psycopg.connect(database.conninfo(), autocommit=True)) as connection:
        connection.execute(shop.POSTGRES)
    yield Target(database.conninfo())
    postgres_server.drop_database(database)


@pytest.fixture
def connection(target):
    with closing(psycopg.connect(target.conninfo, autocommit=True)) as connection:
        connection.execute("SET TimeZone TO 'UTC'")
        yield connection


def change(path, statement, *values):
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement, values)


def expected(path):
    """Read the file with Python's own library, as Postgres should hold it."""
    with closing(sqlite3.connect(path)) as connection:
        rows = rows_of(connection.execute, shop.TABLES)
    rows["item"] = sorted([(*row[:4], bool(row[4])) for row in rows["item"]], key=repr)
    return rows


def test_every_row_of_every_table_arrives(path, target, connection, tmp_path):
    before = snapshot(connection, "public")

    result = transfer(path, target, tmp_path)

    assert rows_of(connection.execute, shop.TABLES) == expected(path)
    assert snapshot(connection, "public") == before
    assert result.rows == {name: len(rows) for name, rows in expected(path).items()}
    assert connection.execute("SELECT nextval('customer_id_seq')").fetchone() == (2001,)
    assert schemas(connection) == []


def test_a_reference_waits_for_a_unique_index_that_is_no_key(empty_target, tmp_path):
    path = tmp_path / "codes.db"
    change(path, "CREATE TABLE country (code TEXT, name TEXT)")
    change(path, "CREATE TABLE city (country TEXT)")
    change(path, "INSERT INTO country VALUES ('tr', 'Türkiye')")
    change(path, "INSERT INTO city VALUES ('tr')")
    with closing(psycopg.connect(empty_target.conninfo, autocommit=True)) as connection:
        connection.execute(
            "CREATE TABLE country (code text, name text);"
            "CREATE UNIQUE INDEX one_each ON country (code);"
            "CREATE TABLE city (country text REFERENCES country (code))"
        )

        transfer(path, empty_target, tmp_path)

        assert connection.execute("SELECT * FROM city").fetchall() == [("tr",)]


def test_ranges_cover_each_table_once(path, target, tmp_path):
    result = transfer(path, target, tmp_path, batch_rows=300)

    digests = result.tables["item"].digests
    assert sum(digest.rows for _, digest in digests) == 10_000
    assert len(digests) >= 33


def test_a_value_that_does_not_fit_leaves_the_target_as_it_was(path, target, connection, tmp_path):
    change(path, "UPDATE item SET paid = 'perhaps' WHERE customer = 1234 AND line = 3")

    with pytest.raises(DataError):
        transfer(path, target, tmp_path)

    assert connection.execute("SELECT count(*) FROM item").fetchone() == (0,)
    assert schemas(connection) == []


def test_rows_that_break_a_constraint_are_named(path, target, connection, tmp_path):
    change(path, "UPDATE customer SET email = 'c7@x' WHERE id = 1900")
    change(path, "UPDATE customer SET friend = 99999 WHERE id = 5")

    with pytest.raises(ViolationsError) as offending:
        transfer(path, target, tmp_path)

    named = {
        (row.table, row.key, row.value)
        for row in offending.value.found.rows
        if row.kind != "dependant"
    }
    assert named == {
        ("customer", "7", "c7@x"),
        ("customer", "1900", "c7@x"),
        ("customer", "5", "99999"),
    }
    assert connection.execute("SELECT count(*) FROM customer").fetchone() == (0,)
    assert schemas(connection) == []


@pytest.fixture
def humble(postgres_server, target):
    """The target for a login without any right of its own, which acts as the tables' owner."""
    owner, login = (f"{word}_{secrets.token_hex(4)}" for word in ("owner", "login"))
    name = conninfo_to_dict(target.conninfo)["dbname"]
    postgres_server.execute(
        f"CREATE ROLE {owner}",
        f"CREATE ROLE {login} LOGIN NOINHERIT PASSWORD 'invented'",
        f"GRANT {owner} TO {login}",
        f"ALTER ROLE {login} SET role = {owner}",
        f"GRANT CREATE, TEMPORARY ON DATABASE {name} TO {owner}",
    )
    given = [f'ALTER TABLE "{table}" OWNER TO {owner}' for table in shop.TABLES]
    postgres_server.execute(f"ALTER SCHEMA public OWNER TO {owner}", *given, dbname=name)
    yield Target(make_conninfo(target.conninfo, user=login, password="invented"))
    postgres_server.execute(f"DROP OWNED BY {owner}", dbname=name)
    postgres_server.execute(f"DROP OWNED BY {owner}", f"DROP ROLE {login}", f"DROP ROLE {owner}")


def test_no_right_is_needed_but_those_of_the_owner(path, target, humble, connection, tmp_path):
    before = snapshot(connection, "public")

    transfer(path, humble, tmp_path)
    changes = bring_up(path, humble, tmp_path)

    assert rows_of(connection.execute, shop.TABLES) == expected(path)
    assert snapshot(connection, "public") == before
    assert all(one == TableChange() for one in changes.values())


def test_progress_is_told(path, target, tmp_path):
    told = []

    transfer(path, target, tmp_path, watch=lambda table, rows: told.append((table, rows)))

    assert sum(rows for table, rows in told if table == "item") == 10_000
    assert len(told) > 5
