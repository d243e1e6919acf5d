"""What a sync leaves in a database: nothing after a dry run, nothing that disturbs other tools."""

import sqlite3
from contextlib import closing

import psycopg
import pytest
from sqlalchemy import update

from backend.errors import FoundWanting, RefusedError
from backend.migrate.cli import main as migrate
from backend.models import Group, User
from backend.sync.options import Cap, OnConflict
from backend.transfer.cli import main as transfer
from tests.integration.sync.homes import household, shared
from tests.integration.sync.pair import Pair
from tests.integration.sync.world import World

ALL = {"deletes": True, "max_deletes": Cap(percent=100)}
_CATALOG = """
    SELECT 'relation', c.oid::regclass::text, c.relkind::text FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace
    UNION ALL SELECT 'function', p.oid::regprocedure::text, md5(prosrc) FROM pg_proc p
        WHERE p.pronamespace = 'public'::regnamespace
    UNION ALL SELECT 'trigger', t.tgname::text, t.tgrelid::regclass::text FROM pg_trigger t
        WHERE NOT t.tgisinternal
    ORDER BY 1, 2, 3"""


def schema(world: World) -> list[tuple[object, ...]]:
    """Return everything that a database has a name for."""
    if world.database.path:
        with closing(sqlite3.connect(world.database.path)) as file:
            return file.execute(
                "SELECT type, name, sql FROM sqlite_master ORDER BY 1, 2"
            ).fetchall()
    with psycopg.connect(world.database.conninfo()) as session:
        return session.execute(_CATALOG).fetchall()


def schemas(pair: Pair) -> list[list[tuple[object, ...]]]:
    return [schema(world) for world in (pair.local, pair.remote)]


@pytest.mark.parametrize("way", ["push", "pull"])
def test_a_dry_run_leaves_neither_table_nor_trigger(pair: Pair, way):
    household(pair.local)
    household(pair.remote)
    before = schemas(pair)

    outcome = getattr(pair, way)(dry_run=True)

    assert outcome.written > 0
    assert schemas(pair) == before


def test_a_dry_run_that_is_refused_leaves_nothing_either(pair: Pair):
    household(pair.local)
    pair.local.do(update(User).values(email_key="not-the-key@example.com"))
    before = schemas(pair)

    with pytest.raises(FoundWanting, match="every account is found under its own address"):
        pair.push(dry_run=True)

    assert schemas(pair) == before


@pytest.mark.parametrize("pair", ["sqlite-postgres"], indirect=True)
def test_migrations_see_no_drift_in_what_was_synced(pair: Pair, monkeypatch, capsys):
    shared(pair)

    for world in (pair.local, pair.remote):
        path = world.database.path
        name = f"sqlite:///{path}" if path else world.database.conninfo()
        monkeypatch.setenv("MIGRATE_DATABASE_URL", name)
        monkeypatch.setenv("DATABASE_URL", name)
        for command in ("--check", "--status", "--wait=1"):
            assert migrate([command]) == 0, (command, capsys.readouterr())

    assert pair.push().first is False


@pytest.mark.parametrize("way", ["--truncate", "--update"])
@pytest.mark.parametrize("pair", ["sqlite-postgres"], indirect=True)
def test_a_transfer_into_a_synced_database_is_noticed(
    pair: Pair, way, monkeypatch, capsys, tmp_path
):
    """It brings another file's rows; what a sync would make of them must not be guessed."""
    home = shared(pair)
    other = tmp_path / "other.db"
    with closing(sqlite3.connect(pair.local.database.path or "")) as file:
        file.execute("VACUUM INTO ?", [str(other)])
    with closing(sqlite3.connect(other)) as file:
        file.execute("UPDATE groups SET name = 'Transferred', version = 9")
        file.commit()
    pair.local.add_group("New here")
    monkeypatch.setenv("DATABASE_URL", pair.remote.database.conninfo())
    assert transfer(["--sqlite", str(other), way]) == 0, capsys.readouterr()

    if way == "--truncate":
        with pytest.raises(RefusedError, match="its tables were replaced by others"):
            pair.push(**ALL)
    pair.push(**ALL, start_over=way == "--truncate", on_conflict=OnConflict.REMOTE)
    pair.pull(**ALL)

    assert pair.local.one(Group, home.group)["name"] == "Transferred"
    assert pair.differences() == {}
    assert pair.verify() == []
    assert pair.remote.count(Group) == 2
