"""On a Postgres, the owner syncs and the app writes: neither is a superuser, and the log is shut."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import text

from backend.capture.change_log import SyncState
from backend.config.database_url import DatabaseUrl
from backend.models import Group
from backend.sync.connections import open_pair
from backend.sync.options import Cap
from tests.integration.sync.homes import shared
from tests.integration.sync.pair import Pair, paired
from tests.integration.sync.test_refusals import sql as by_hand
from tests.integration.sync.world import World

ALL = {"deletes": True, "max_deletes": Cap(percent=100)}
SHUT = ("tablecopy_changes", "tablecopy_sync")


@dataclass(frozen=True)
class Roles:
    """Logins without power: who owns the tables, and who may but write to them."""

    owner: DatabaseUrl
    app: DatabaseUrl


@pytest.fixture
def roles(postgres_server, postgres_template) -> Iterator[Roles]:
    """A migrated database whose owner opens whatever it makes to the app, as ours does."""
    database = postgres_server.new_database(postgres_template)
    name = database.params["dbname"]
    owner, app = (_login(database, f"{name}_{role}") for role in ("owner", "app"))
    for login in (owner, app):
        role = sql.Identifier(login.params["user"])
        words = "CREATE ROLE {} LOGIN NOSUPERUSER PASSWORD {}"
        postgres_server.execute(sql.SQL(words).format(role, sql.Literal(login.password)))
    names = {
        "owner": sql.Identifier(owner.params["user"]),
        "app": sql.Identifier(app.params["user"]),
    }
    gives = _GIVE.format(owner=owner.params["user"])
    opens = sql.SQL(_OPEN).format(**names).as_string(None)
    postgres_server.execute(gives, *opens.split(";"), dbname=name)
    yield Roles(owner, app)
    postgres_server.drop_database(database)
    for role in names.values():
        postgres_server.execute(sql.SQL("DROP ROLE {}").format(role))


_GIVE = """
    DO $$ DECLARE t record; BEGIN
        FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
            EXECUTE format('ALTER TABLE %I OWNER TO {owner}', t.tablename);
        END LOOP;
    END $$"""
_OPEN = """
    ALTER SCHEMA public OWNER TO {owner};
    GRANT USAGE ON SCHEMA public TO {app};
    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {app};
    ALTER DEFAULT PRIVILEGES FOR ROLE {owner}
        GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {app};
    ALTER DEFAULT PRIVILEGES FOR ROLE {owner} GRANT USAGE, SELECT ON SEQUENCES TO {app}"""


def _login(database: DatabaseUrl, user: str) -> DatabaseUrl:
    params = {**database.params, "user": user}
    return replace(database, params=params, password=secrets.token_urlsafe(12))


@pytest.fixture
def pair(roles, sqlite_template, tmp_path) -> Iterator[Pair]:
    path = tmp_path / "home.db"
    path.write_bytes(sqlite_template.read_bytes())
    with paired(DatabaseUrl("sqlite", path=path), roles.owner) as both:
        yield both


@contextmanager
def app_of(roles: Roles) -> Iterator[World]:
    world = World(roles.app)
    try:
        yield world
    finally:
        world.close()


def test_what_the_app_writes_with_rights_to_its_tables_alone_is_noted(roles, pair):
    home = shared(pair)
    with app_of(roles) as app:
        app.change_order(home.order, title="By the app", factor=2)
        app.add_settlement(home.group, home.one, home.two, 5)

    assert pair.pull(**ALL).written == 5
    assert pair.differences() == {}


def test_the_app_can_neither_read_nor_write_the_log(roles, pair):
    shared(pair)

    for statement in (
        "SELECT base FROM tablecopy_changes",
        "DELETE FROM tablecopy_changes",
        "SELECT token FROM tablecopy_sync",
        "UPDATE tablecopy_sync SET token = 'another'",
        "SELECT nextval('tablecopy_stamps')",
        "INSERT INTO tablecopy_applying VALUES (txid_current())",
        "CREATE TEMP TABLE groups (LIKE public.groups); CREATE TRIGGER forged AFTER INSERT"
        " ON groups FOR EACH ROW EXECUTE FUNCTION public.tablecopy_capture_groups()",
    ):
        with (
            psycopg.connect(roles.app.conninfo(), autocommit=True) as session,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            session.execute(statement.encode())


@pytest.mark.parametrize(
    "words",
    [
        pytest.param("SET tablecopy.applying = 'on'", id="the variable"),
        pytest.param(
            "SET tablecopy.applying = 'on'; CREATE TEMP TABLE tablecopy_applying (number bigint);"
            " INSERT INTO tablecopy_applying VALUES (txid_current())",
            id="the variable and a table of that name",
        ),
    ],
)
def test_the_app_cannot_make_the_triggers_look_away(roles, pair, words):
    home = shared(pair)
    with psycopg.connect(roles.app.conninfo()) as session:
        session.execute(words.encode())
        session.execute("UPDATE groups SET name = 'Unnoticed', version = version + 1")

    assert pair.pull(**ALL).written == 1
    assert pair.local.one(Group, home.group)["name"] == "Unnoticed"


def test_names_that_somebody_puts_in_the_way_mislead_nobody(roles, pair, postgres_server):
    """A schema of one's own, with a table and functions that are called like ours."""
    home = shared(pair)
    app = sql.Identifier(roles.app.params["user"]).as_string(None)
    postgres_server.execute(
        f"CREATE SCHEMA evil AUTHORIZATION {app}",
        "CREATE TABLE evil.users (LIKE public.users)",
        "CREATE TABLE evil.tablecopy_changes (LIKE public.tablecopy_changes)",
        f"GRANT ALL ON ALL TABLES IN SCHEMA evil TO {app}",
        # Where the owner of our functions may not look, none of it would be found.
        "GRANT USAGE ON SCHEMA evil TO PUBLIC",
        "CREATE FUNCTION evil.replace(text, text, text) RETURNS text LANGUAGE sql AS $$SELECT 'x'$$",
        "CREATE FUNCTION evil.to_char(timestamp, text) RETURNS text LANGUAGE sql AS $$SELECT 'x'$$",
        dbname=pair.remote.database.params["dbname"],
    )

    with app_of(roles) as world, world.writing() as connection:
        connection.execute(text("SET search_path = evil, pg_catalog, public"))
        connection.execute(text("UPDATE public.groups SET name = 'Misled'"))
        connection.execute(text("INSERT INTO evil.users SELECT * FROM public.users"))

    assert pair.pull(**ALL).written == 1
    assert pair.local.one(Group, home.group)["name"] == "Misled"
    assert pair.verify() == []


def test_what_runs_as_the_owner_looks_only_where_nobody_else_writes(pair):
    shared(pair)

    with psycopg.connect(pair.remote.database.conninfo()) as session:
        found = session.execute(
            "SELECT prosecdef, proconfig[1] FROM pg_proc WHERE proname LIKE 'tablecopy%'"
        ).fetchall()

    # One for each table, and one that notes what was emptied.
    assert found == [(True, "search_path=pg_catalog, pg_temp")] * 8


def test_that_a_table_was_emptied_is_known_until_both_sides_were_compared(roles, pair):
    """Whoever empties a table while a sync is ending is not forgotten by its last step."""
    shared(pair)
    by_hand(pair.remote, "TRUNCATE settlements")
    with (
        open_pair(pair.endpoints, writing=True) as opened,
        opened.pair.remote.transaction(write=True),
    ):
        opened.pair.remote.log.remember(SyncState("a token"), opened.pair.tables)

    with open_pair(pair.endpoints, writing=False) as opened:
        problem = opened.pair.remote.read_state(opened.pair.tables).problem

    assert problem == "settlements was emptied by TRUNCATE"
    pair.pull(start_over=True)
    assert pair.push().first is False
