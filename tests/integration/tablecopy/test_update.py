"""A target in use is brought up to the source: what differs is written, and nothing else."""

import shutil
import sqlite3
from contextlib import closing

import psycopg
import pytest

from backend.errors import DataError, TransientError
from backend.tablecopy.target import Target
from tests.integration.tablecopy import shop
from tests.integration.tablecopy.moving import bring_up, change, counted, rows_of, transfer


@pytest.fixture(scope="module")
def loaded(postgres_server, tmp_path_factory):
    """A file, and a database that holds it already: both to be copied."""
    folder, database = tmp_path_factory.mktemp("loaded"), postgres_server.new_database()
    path = folder / "shop.db"
    shop.fill(path)
    with closing(psycopg.connect(database.conninfo(), autocommit=True)) as connection:
        connection.execute(shop.POSTGRES)
        for table in shop.TABLES:
            # It would clear what is looked at: which transaction has locked a row.
            connection.execute(f'ALTER TABLE "{table}" SET (autovacuum_enabled = off)'.encode())
    transfer(path, Target(database.conninfo()), folder)
    yield path, database
    postgres_server.drop_database(database)


@pytest.fixture
def path(loaded, tmp_path):
    return shutil.copyfile(loaded[0], tmp_path / "shop.db")


@pytest.fixture
def target(postgres_server, loaded):
    """A target that holds the file already."""
    database = postgres_server.new_database()
    postgres_server.copy_database(loaded[1], database)
    yield Target(database.conninfo())
    postgres_server.drop_database(database)


@pytest.fixture
def connection(target):
    with closing(psycopg.connect(target.conninfo, autocommit=True)) as connection:
        yield connection


def expected(path):
    with closing(sqlite3.connect(path)) as connection:
        rows = rows_of(connection.execute, shop.TABLES)
    rows["item"] = sorted([(*row[:4], bool(row[4])) for row in rows["item"]], key=repr)
    return rows


def versions(connection):
    """Return where each row is and which transaction wrote it."""
    return {
        table: connection.execute(
            f'SELECT ctid, xmin, xmax FROM "{table}" ORDER BY ctid'
        ).fetchall()
        for table in shop.TABLES
    }


def transaction_id(connection):
    """Return the next transaction id of the server, which this takes."""
    ((number,),) = connection.execute("SELECT pg_current_xact_id()::text::bigint").fetchall()
    return number


def test_nothing_is_written_where_nothing_differs(path, target, connection, tmp_path):
    before = versions(connection)

    changes = bring_up(path, target, tmp_path)

    assert counted(changes) == {}
    assert versions(connection) == before


def test_an_update_of_nothing_takes_a_few_transaction_ids(path, target, connection, tmp_path):
    used = []

    # Autovacuum takes ids as well: it can only add to what the update has used.
    for _ in range(5):
        first = transaction_id(connection)
        bring_up(path, target, tmp_path)
        used.append(transaction_id(connection) - first)

    assert min(used) <= 4  # taken by the temporary tables of the table without a key


def test_only_rows_that_differ_are_written(path, target, connection, tmp_path):
    change(
        path,
        "UPDATE customer SET name = 'new' WHERE id IN (1, 700, 2000)",
        "UPDATE item SET paid = 1 - paid WHERE customer = 1500 AND line = 0",
        "UPDATE item SET note = coalesce(note, '') || ' ' WHERE customer = 3 AND line = 2",
        "INSERT INTO customer VALUES (5000, 'e@x', NULL, 5001, 'x'), (5001, 'f@x', '', 5000, 'y')",
        "INSERT INTO item VALUES (5000, 1, 'zz', NULL, 1)",
        "INSERT INTO \"Group\" VALUES ('zz', 1, 2)",
        "INSERT INTO tagged SELECT customer, tag FROM tagged WHERE customer = 9",
    )
    query = "SELECT id, ctid FROM customer"
    before = dict(connection.execute(query).fetchall())

    changes = bring_up(path, target, tmp_path)

    after = dict(connection.execute(query).fetchall())
    assert rows_of(connection.execute, shop.TABLES) == expected(path)
    assert counted(changes) == {
        "customer": (2, 3, 0),
        "item": (1, 2, 0),
        "Group": (1, 0, 0),
        "tagged": (2, 0, 0),
    }
    assert {key for key in before if before[key] != after[key]} == {1, 700, 2000}
    assert connection.execute("SELECT nextval('customer_id_seq')").fetchone() == (5002,)
    assert counted(bring_up(path, target, tmp_path)) == {}


def test_rows_that_only_the_target_has_stay(path, target, connection, tmp_path):
    connection.execute(
        "INSERT INTO customer VALUES (0, 'zero@x', '', NULL, ''), (9000, 'big@x', '', NULL, '')"
    )
    connection.execute("INSERT INTO tagged SELECT * FROM tagged WHERE customer = 7 LIMIT 1")

    changes = bring_up(path, target, tmp_path)

    assert counted(changes) == {}
    assert connection.execute("SELECT count(*) FROM customer").fetchone() == (2002,)


def test_they_are_deleted_when_that_is_wanted(path, target, connection, tmp_path):
    change(
        path,
        "DELETE FROM tagged WHERE customer = 7",
        "DELETE FROM item WHERE customer = 7",
        "UPDATE customer SET friend = 8 WHERE friend = 7",
        "DELETE FROM customer WHERE id = 7",
        "UPDATE customer SET email = 'c7@x' WHERE id = 8",
    )

    changes = bring_up(path, target, tmp_path, delete=True)

    assert changes["customer"].deleted == 1
    assert changes["item"].deleted == 5
    assert rows_of(connection.execute, shop.TABLES) == expected(path)


@pytest.mark.parametrize("keys", [(50, 51), (51, 52), (50, 101), (1, 2000), (49, 2001)])
def test_a_row_missing_here_and_one_too_many_there_are_both_found(
    path, target, connection, tmp_path, keys
):
    gone, more = keys
    change(path, f"UPDATE customer SET friend = NULL WHERE friend = {gone}")
    connection.execute("UPDATE customer SET friend = NULL WHERE friend = %s", (gone,))
    for table in ("item", "tagged"):
        change(path, f"DELETE FROM {table} WHERE customer IN ({gone}, {more})")
        connection.execute(f"DELETE FROM {table} WHERE customer IN (%s, %s)", (gone, more))
    change(
        path,
        f"UPDATE customer SET friend = NULL WHERE friend = {more}",
        f"DELETE FROM customer WHERE id = {more}",
    )
    connection.execute("UPDATE customer SET friend = NULL WHERE friend = %s", (more,))
    connection.execute("DELETE FROM customer WHERE id = %s", (gone,))
    connection.execute(
        "INSERT INTO customer VALUES (2001, 'x@x', '', NULL, '') ON CONFLICT DO NOTHING"
    )

    bring_up(path, target, tmp_path, delete=True)

    assert rows_of(connection.execute, shop.TABLES) == expected(path)


def test_a_row_larger_than_a_chunk_is_found_and_written(path, target, connection, tmp_path):
    large = "UPDATE tag SET body = replace(hex(zeroblob({})), '0', 'ş') || '{}' WHERE id = (SELECT min(id) FROM tag)"
    change(path, large.format(1_500_000, 1))
    bring_up(path, target, tmp_path)
    change(path, large.format(1_500_000, 2))

    changes = bring_up(path, target, tmp_path)

    assert counted(changes) == {"tag": (0, 1, 0)}
    assert rows_of(connection.execute, ["tag"])["tag"] == expected(path)["tag"]


def test_a_refused_row_leaves_everything_as_it_was(path, target, connection, tmp_path):
    change(
        path,
        "UPDATE customer SET name = 'new' WHERE id = 1",
        "INSERT INTO item VALUES (777777, 1, NULL, NULL, 1)",
    )
    before = rows_of(connection.execute, shop.TABLES)

    with pytest.raises(DataError, match="item_customer_fkey"):
        bring_up(path, target, tmp_path)

    assert rows_of(connection.execute, shop.TABLES) == before


def test_a_writer_in_the_way_is_waited_for_and_then_given_up(
    path, target, connection, tmp_path, monkeypatch
):
    monkeypatch.setattr("backend.tablecopy.target._LOCK_TIMEOUT", "100ms")
    change(path, "UPDATE customer SET name = 'new' WHERE id = 1")
    with connection.transaction():
        connection.execute("UPDATE customer SET name = 'mine' WHERE id = 2")

        with pytest.raises(TransientError):
            bring_up(path, target, tmp_path)
