"""Whatever is on a table is there after an exchange: pg_dump, which knows all kinds, tells."""

import secrets
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import starmap

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from backend.config.database_url import DatabaseUrl
from backend.schema.postgres import reflect_postgres
from backend.tablecopy.shadow.indexes import build_indexes
from backend.tablecopy.shadow.schema import create_shadow
from backend.tablecopy.shadow.swap import Swap, swap
from backend.tablecopy.target import Target, connect
from tests.fix_postgres import QUICK, PostgresServer, new_server, remove
from tests.integration.tablecopy.shadow.features import BASE, FEATURES, SINCE_18, TABLES

ROLES = ("owner", "reader", "helper", "PUBLIC")
RIGHTS = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN")
# Without these a login could not load the table: it is told so before.
NEEDED = {"SELECT", "UPDATE"}

# Each on one table; those that are about a certain table say so themselves.
CHOSEN = st.lists(
    st.tuples(st.sampled_from(sorted(FEATURES)), st.sampled_from(TABLES)), min_size=5, unique=True
)
GRANTS = st.builds(
    "GRANT {} ON {} TO {}".format,
    st.sets(st.sampled_from(RIGHTS), min_size=1).map(", ".join),
    st.sampled_from(TABLES),
    st.sampled_from(ROLES),
)
REVOKES = st.builds(
    "REVOKE {} ON {} FROM {}".format,
    st.sets(st.sampled_from(sorted({*RIGHTS} - NEEDED)), min_size=1).map(", ".join),
    st.sampled_from(TABLES),
    st.sampled_from(ROLES),
)


@dataclass(frozen=True)
class World:
    """A server with roles and tablespaces; both logins have a default tablespace of their own."""

    server: PostgresServer
    password: str

    def owner(self, database: DatabaseUrl) -> DatabaseUrl:
        """Return the way in of the one who owns the database, who is no superuser."""
        return database.with_login("owner", self.password)

    def make(self, pieces: Iterable[str]) -> tuple[DatabaseUrl, list[str]]:
        """Make a database with the tables; return it and what could not be made."""
        database = self.server.new_database()
        name = database.params["dbname"]
        self.server.execute(
            sql.SQL("ALTER DATABASE {} OWNER TO owner").format(sql.Identifier(name)),
            "ALTER SCHEMA public OWNER TO owner",
            "GRANT CREATE ON SCHEMA public TO helper, reader",
            dbname=name,
        )
        left_out = []
        with closing(connect(Target(self.owner(database).conninfo()), name="making")) as session:
            session.execute(BASE)
            for piece in pieces:
                try:
                    session.execute(piece.encode())
                except psycopg.Error:
                    left_out.append(piece)
        return database, left_out


@pytest.fixture(scope="module", params=[18])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """A world on the newest server, unless a test asks for another version."""
    server = new_server({**QUICK, "allow_in_place_tablespaces": "on"}, version=request.param)
    password = secrets.token_urlsafe(12)
    server.execute(
        sql.SQL("CREATE ROLE owner LOGIN PASSWORD {}").format(sql.Literal(password)),
        "CREATE ROLE reader",
        "CREATE ROLE helper",
        "GRANT reader, helper TO owner",
        "CREATE TABLESPACE space LOCATION ''",
        "CREATE TABLESPACE other LOCATION ''",
        "GRANT CREATE ON TABLESPACE space, other TO owner, helper",
        "ALTER ROLE owner SET default_tablespace = other",
        "ALTER ROLE postgres SET default_tablespace = other",
    )
    yield World(server, password)
    remove(server)


@pytest.mark.parametrize("table", ["parent", "child", "note"])
def test_everything_at_once_is_there_after_an_exchange(world, table) -> None:
    pieces = [piece(name, table) for name in FEATURES]

    left_out = see_same(world, pieces, by_owner=table != "child")

    assert left_out == []


@pytest.mark.parametrize("world", [16], indirect=True)
def test_an_older_server_keeps_what_it_knows(world) -> None:
    left_out = see_same(world, [piece(name, "parent") for name in FEATURES], by_owner=True)

    assert left_out == [piece(name, "parent") for name in FEATURES if name in SINCE_18]


@settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(CHOSEN, st.lists(GRANTS, max_size=3), st.lists(REVOKES, max_size=3), st.booleans())
def test_a_dump_is_the_same_before_and_after_an_exchange(
    world, chosen, grants, revokes, by_owner
) -> None:
    see_same(world, [*starmap(piece, chosen), *grants, *revokes], by_owner=by_owner)


def piece(name: str, table: str) -> str:
    return FEATURES[name].replace("tbl", table)


def see_same(world: World, pieces: list[str], *, by_owner: bool) -> list[str]:
    """Compare what pg_dump says before and after; return what could not be made."""
    database, left_out = world.make(pieces)
    try:
        before = world.server.dump_schema(database)

        login = world.owner(database) if by_owner else database
        exchange(Target(login.conninfo()))

        assert world.server.dump_schema(database) == before
    finally:
        world.server.drop_database(database)
    return left_out


def exchange(target: Target) -> None:
    with closing(connect(target, name="test")) as session:
        shadow = create_shadow(session, target.schema, TABLES)
        build_indexes(shadow, target, rows={})
        found = tuple(t for t in reflect_postgres(session, target.schema) if t.name in TABLES)
        swap(session, Swap(shadow, found))
