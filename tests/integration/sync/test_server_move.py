"""A hosted database that moved to another server is known by what it holds, and so is its copy."""

import subprocess
from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest

from backend.config.database_url import DatabaseUrl
from backend.errors import RefusedError
from backend.models import Group, Order
from backend.sync.options import Cap
from tests.fix_postgres import PostgresServer
from tests.integration.sync.homes import shared
from tests.integration.sync.pair import Pair
from tests.integration.sync.shell import remove_order
from tests.integration.sync.world import World

ALL = {"deletes": True, "max_deletes": Cap(percent=100)}


# A file at home, a database elsewhere.
pytestmark = pytest.mark.parametrize("pair", ["sqlite-postgres"], indirect=True)


@pytest.fixture
def moved(postgres_server) -> Iterator[DatabaseUrl]:
    """A database elsewhere, still empty."""
    database = postgres_server.new_database()
    yield database
    postgres_server.drop_database(database)


def move(server: PostgresServer, old: World, new: DatabaseUrl) -> None:
    """Dump one database and restore it into another, as providers tell people to do."""
    old.close()
    dumped = subprocess.run(
        [server.programs / "pg_dump", "--no-owner", "--no-acl", "-d", old.database.conninfo()],
        capture_output=True, check=True,
    )  # fmt: skip
    subprocess.run(
        [server.programs / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", new.conninfo()],
        input=dumped.stdout, capture_output=True, check=True,
    )  # fmt: skip


def test_a_database_that_moved_goes_on_where_it_was(pair: Pair, moved, postgres_server):
    home = shared(pair)
    gone = pair.local.add_order(home.group, home.one, {home.one: 5})
    pair.both()
    remove_order(pair.local, gone)
    pair.remote.change(Group, home.group, name="Before the move")
    move(postgres_server, pair.remote, moved)

    with closing(World(moved)) as there:
        there.add_group("After the move")
        now = Pair(pair.local, there)
        outcomes = now.both(**ALL)

        assert [one.first for one in outcomes] == [False, False]
        assert gone not in there.ids(Order)
        assert now.differences() == {}
        assert [one.written for one in now.both()] == [0, 0]
    # The copy that stayed behind is none of the pair any more, whoever has written to it.
    for again in (pair.push, pair.pull, pair.inspect):
        with pytest.raises(RefusedError, match="it has seen 4 syncs, the other side 8"):
            again()


def test_the_log_is_shut_again_where_rights_were_left_behind(pair: Pair, moved, postgres_server):
    shared(pair)
    move(postgres_server, pair.remote, moved)
    with psycopg.connect(moved.conninfo(), autocommit=True) as session:
        session.execute("GRANT ALL ON tablecopy_changes TO PUBLIC")

    with closing(World(moved)) as there:
        Pair(pair.local, there).push()

    with psycopg.connect(moved.conninfo(), autocommit=True) as session:
        acl = "SELECT count(*) FROM aclexplode((SELECT relacl FROM pg_class WHERE oid = %s::regclass))"
        open_to = session.execute(acl + " WHERE grantee = 0", ["tablecopy_changes"]).fetchone()
    assert open_to == (0,)


def test_a_dump_of_an_earlier_moment_is_still_refused(pair: Pair, moved, postgres_server):
    shared(pair)
    move(postgres_server, pair.remote, moved)
    pair.local.add_group("Later")
    pair.push()

    with (
        closing(World(moved)) as there,
        pytest.raises(RefusedError, match="was restored or replaced since the last sync"),
    ):
        Pair(pair.local, there).push()
