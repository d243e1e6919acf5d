"""Tables whose rows are sent on, or come from elsewhere, stay the tables that they are."""

import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from backend.config.database_url import DatabaseUrl
from backend.errors import RefusedError
from backend.tablecopy.shadow.swap_obstacles import swap_obstacles
from backend.tablecopy.target import Target
from tests.fix_postgres import QUICK, PostgresServer, new_server, remove
from tests.integration.tablecopy.moving import bring_up, transfer
from tests.integration.tablecopy.snapshot import schemas
from tests.polling import wait_for

TABLE = "CREATE TABLE a (id integer PRIMARY KEY, t text)"
ROWS = [(1, "x"), (2, "y")]


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A server that writes down what logical replication needs."""
    server = new_server({**QUICK, "wal_level": "logical"})
    yield server
    remove(server)


class Link:
    """Two databases with one table each, the second subscribed to the first."""

    def __init__(self, server: PostgresServer) -> None:
        """Make the databases."""
        self.name = f"link_{secrets.token_hex(4)}"
        self.here, self.there = server.new_database(), server.new_database()
        for database in (self.here, self.there):
            execute(database, TABLE)

    def begin(self, publication: str) -> None:
        """Publish here, subscribe there, and wait until changes travel."""
        execute(
            self.here,
            f"CREATE PUBLICATION p {publication}",
            # Made before: a subscriber cannot make it on the server that it waits for.
            f"SELECT pg_create_logical_replication_slot('{self.name}', 'pgoutput')",
        )
        statement = sql.SQL(
            "CREATE SUBSCRIPTION {} CONNECTION {} PUBLICATION p WITH (create_slot = false)"
        )
        conninfo = sql.Literal(self.here.conninfo())
        execute(self.there, statement.format(sql.Identifier(self.name), conninfo))
        wait_for_rows(self.there, "SELECT srsubstate::text FROM pg_subscription_rel", [("r",)])

    def end(self) -> None:
        """Take the subscription off, and its slot with it."""
        execute(self.there, f"DROP SUBSCRIPTION IF EXISTS {self.name}")


@pytest.fixture
def link(server) -> Iterator[Link]:
    link = Link(server)
    yield link
    link.end()
    server.drop_database(link.there)
    server.drop_database(link.here)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The table with two rows."""
    path = tmp_path / "source.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(TABLE)
        connection.executemany("INSERT INTO a VALUES (?, ?)", ROWS)
        connection.commit()
    return path


@pytest.mark.parametrize(
    "publication",
    [
        pytest.param("FOR ALL TABLES", id="all tables"),
        pytest.param("FOR TABLES IN SCHEMA public", id="tables in schema"),
        pytest.param("FOR TABLE a", id="table"),
    ],
)
def test_a_published_table_is_not_exchanged_and_an_update_reaches_the_subscriber(
    link, file, tmp_path, publication
) -> None:
    link.begin(publication)
    target = Target(link.here.conninfo())

    with pytest.raises(RefusedError, match=r"a: publication p sends its rows on.*--update"):
        transfer(file, target, tmp_path)

    assert made(link.here) == []
    bring_up(file, target, tmp_path)
    wait_for_rows(link.there, "SELECT id, t FROM a ORDER BY id", ROWS)


def test_a_table_that_a_subscription_writes_to_is_not_exchanged(link, file, tmp_path) -> None:
    link.begin("FOR TABLE a")
    target = Target(link.there.conninfo())

    with pytest.raises(RefusedError, match=rf"a: subscription {link.name} writes to it"):
        transfer(file, target, tmp_path)

    assert made(link.there) == []
    bring_up(file, target, tmp_path)
    execute(link.here, "INSERT INTO a VALUES (3, 'z')")
    wait_for_rows(link.there, "SELECT id, t FROM a ORDER BY id", [*ROWS, (3, "z")])


def test_a_slot_of_another_decoder_is_named(link) -> None:
    # Its library would have to be there for a real one.
    view = (
        "CREATE TEMP VIEW pg_replication_slots AS SELECT name AS slot_name, plugin, 'logical' AS"
        " slot_type, database FROM (VALUES ('ours', 'pgoutput', current_database()), ('cdc',"
        " 'wal2json', current_database()), ('far', 'wal2json', 'other')) v(name, plugin, database)"
    )
    with closing(psycopg.connect(link.here.conninfo(), autocommit=True)) as session:
        session.execute(view)
        oid = session.execute("SELECT 'a'::regclass::oid").fetchall()[0][0]

        found = swap_obstacles(session, [oid])

    assert found == [("a", "replication slot cdc (wal2json) sends its rows on")]


def execute(database: DatabaseUrl, *statements: str | sql.Composed) -> None:
    with closing(psycopg.connect(database.conninfo(), autocommit=True)) as connection:
        for statement in statements:
            connection.execute(statement)  # type: ignore[arg-type, unused-ignore] # tests are trusted


def made(database: DatabaseUrl) -> list[str]:
    with closing(psycopg.connect(database.conninfo())) as connection:
        return schemas(connection)


def wait_for_rows(
    database: DatabaseUrl, query: str, expected: Sequence[tuple[object, ...]]
) -> None:
    """Ask until this is the answer."""
    with closing(psycopg.connect(database.conninfo(), autocommit=True)) as connection:
        wait_for(
            lambda: connection.execute(query.encode()).fetchall() == list(expected),
            f"{expected} by {query}",
        )
