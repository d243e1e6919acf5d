"""What a framework keeps about its own migrations belongs to each side, and is compared."""

import sqlite3
from collections.abc import Callable
from contextlib import closing

import psycopg
import pytest

from backend.config.database_url import DatabaseUrl
from backend.transfer.cli import main
from tests.integration.migrate.conftest import Ran
from tests.integration.transfer.conftest import ask

Move = Callable[..., Ran]

DJANGO = (
    "CREATE TABLE django_migrations ("
    "id {serial}, app varchar(255) NOT NULL, name varchar(255) NOT NULL, applied timestamp)"
)
ALEMBIC = "CREATE TABLE alembic_version (version_num varchar(32) NOT NULL PRIMARY KEY)"
FLYWAY = (
    "CREATE TABLE {name} (installed_rank int PRIMARY KEY, version varchar(50),"
    " description varchar(200), type varchar(20), script varchar(1000), checksum int,"
    " installed_by varchar(100), installed_on timestamp, execution_time int, success boolean)"
)
RAILS = "CREATE TABLE schema_migrations (version varchar PRIMARY KEY)"
KNEX = (
    "CREATE TABLE knex_migrations (id {serial}, name varchar(255), batch int,"
    " migration_time timestamp)"
)
A = "CREATE TABLE a (id integer PRIMARY KEY, t text)"
ROWS = "INSERT INTO a VALUES (1, 'x'), (2, 'y')"


def django(*names: str) -> list[str]:
    return [
        f"INSERT INTO django_migrations (app, name) VALUES ('shop', '{name}')" for name in names
    ]


def alembic(version: str) -> str:
    return f"INSERT INTO alembic_version VALUES ('{version}')"


def flyway(table: str, *versions: int) -> list[str]:
    return [
        f"INSERT INTO {table} VALUES ({n}, '{n}', 'd', 'SQL', 'V{n}__d.sql', {n}, 'me', NULL, 1,"
        " TRUE)"
        for n in versions
    ]


def make(database: DatabaseUrl, *statements: str) -> None:
    if database.path is not None:
        with closing(sqlite3.connect(database.path)) as file:
            for statement in statements:
                file.execute(statement.replace("{serial}", "integer PRIMARY KEY"))
            file.commit()
        return
    with psycopg.connect(database.conninfo()) as session:
        for statement in statements:
            session.execute(statement.replace("{serial}", "serial PRIMARY KEY").encode())


@pytest.fixture
def file(tmp_path) -> DatabaseUrl:
    """A file of another app."""
    database = DatabaseUrl("sqlite", path=tmp_path / "other.db")
    make(database, A, ROWS)
    return database


@pytest.fixture
def server(empty: DatabaseUrl) -> DatabaseUrl:
    """The same app's tables in Postgres, without rows."""
    make(empty, A)
    return empty


@pytest.fixture
def move(file, server, capsys, monkeypatch) -> Move:
    monkeypatch.setenv("MIGRATE_DATABASE_URL", server.conninfo())

    def call(*words: str) -> Ran:
        code = main([*words, "--sqlite", str(file.path)])
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return call


def test_the_older_state_of_the_file_does_not_replace_the_newer_one(file, server, move) -> None:
    make(file, DJANGO, *django("0001_initial"))
    make(server, DJANGO, *django("0001_initial", "0002_more"))

    ran = move()

    assert ran.code == 0, ran.err
    assert ask(server, "SELECT count(*) FROM a") == 2
    assert ask(server, "SELECT string_agg(name, ' ' ORDER BY id) FROM django_migrations") == (
        "0001_initial 0002_more"
    )
    assert "django_migrations" in ran.out
    assert "only the target has shop 0002_more" in ran.out


@pytest.mark.parametrize("words", [(), ("--dry-run",), ("--update",), ("--check",)])
def test_two_ways_that_have_parted_are_refused_with_both_entries(file, server, move, words) -> None:
    make(file, DJANGO, *django("0001_initial", "0002_here"))
    make(server, DJANGO, *django("0001_initial", "0002_there"))

    ran = move(*words)

    assert ran.code == 77, ran.out + ran.err
    assert "shop 0002_here" in ran.out + ran.err
    assert "shop 0002_there" in ran.out + ran.err
    assert ask(server, "SELECT count(*) FROM a") == 0


def test_an_excluded_one_is_not_looked_into(file, server, move) -> None:
    make(file, DJANGO, *django("0001_initial", "0002_here"))
    make(server, DJANGO, *django("0001_initial", "0002_there"))

    ran = move("--exclude", "django_migrations")

    assert ran.code == 0, ran.err
    assert ask(server, "SELECT count(*) FROM django_migrations WHERE name = '0002_there'") == 1


def test_a_single_value_is_told_from_both_sides(file, server, move) -> None:
    make(file, ALEMBIC, alembic("1a2b"))
    make(server, ALEMBIC, alembic("3c4d"))

    ran = move()

    assert ran.code == 0, ran.err
    assert ask(server, "SELECT version_num FROM alembic_version") == "3c4d"
    assert "alembic_version" in ran.out
    assert "1a2b in the source, 3c4d in the target" in ran.out


def test_what_is_alike_is_not_spoken_of(file, server, move) -> None:
    make(file, ALEMBIC, alembic("1a2b"))
    make(server, ALEMBIC, alembic("1a2b"))

    ran = move()

    assert ran.code == 0, ran.err
    assert "alembic_version" not in ran.out


@pytest.mark.parametrize("side", ["file", "server"])
def test_an_empty_one_is_no_reason_to_stop(file, server, move, side) -> None:
    for name, database in (("file", file), ("server", server)):
        make(database, DJANGO, *(django("0001_initial") if name == side else []))

    ran = move()

    assert ran.code == 0, ran.err
    assert ask(server, "SELECT count(*) FROM django_migrations") == int(side == "server")


@pytest.mark.parametrize("side", ["file", "server"])
def test_one_that_only_one_side_has_needs_no_flag(file, server, move, side) -> None:
    make(file if side == "file" else server, DJANGO, *django("0001_initial"))

    assert move().code == 0


@pytest.mark.parametrize(
    ("table", "here", "there"),
    [
        pytest.param(
            FLYWAY.format(name="flyway_schema_history"),
            flyway("flyway_schema_history", 1, 2),
            flyway("flyway_schema_history", 1, 3),
            id="flyway",
        ),
        pytest.param(
            FLYWAY.format(name="our_history"),
            flyway("our_history", 1, 2),
            flyway("our_history", 1, 3),
            id="flyway by another name",
        ),
        pytest.param(
            RAILS,
            ["INSERT INTO schema_migrations VALUES ('20260101'), ('20260102')"],
            ["INSERT INTO schema_migrations VALUES ('20260101'), ('20260103')"],
            id="rails",
        ),
        pytest.param(
            KNEX,
            ["INSERT INTO knex_migrations (name) VALUES ('1.js'), ('2.js')"],
            ["INSERT INTO knex_migrations (name) VALUES ('1.js'), ('3.js')"],
            id="knex",
        ),
    ],
)
def test_others_are_known_by_their_shape(file, server, move, table, here, there) -> None:
    make(file, table, *here)
    make(server, table, *there)

    ran = move()

    assert ran.code == 77
    assert "the migrations have gone two ways: only the source has" in ran.err


@pytest.mark.parametrize("name", ["migrations", "schema_migrations", "django_migrations"])
def test_a_table_of_the_app_that_only_has_such_a_name_travels(file, server, move, name) -> None:
    make(file, f"CREATE TABLE {name} (id integer PRIMARY KEY, birds int)")
    make(file, f"INSERT INTO {name} VALUES (1, 7)")
    make(server, f"CREATE TABLE {name} (id integer PRIMARY KEY, birds int)")

    assert move().code == 0
    assert ask(server, f"SELECT birds FROM {name}") == 7


def test_bytes_that_are_no_text_do_not_end_the_run(file, server, move) -> None:
    make(file, ALEMBIC, "INSERT INTO alembic_version VALUES (CAST(X'ff41' AS TEXT))")
    make(server, ALEMBIC, alembic("3c4d"))

    assert move().code == 0


@pytest.mark.parametrize("words", [("--migrate",), ("--migrate", "--dry-run")])
def test_our_tables_are_not_made_for_the_file_of_another_app(
    file, empty, capsys, monkeypatch, words
) -> None:
    monkeypatch.setenv("MIGRATE_DATABASE_URL", empty.conninfo())

    code = main([*words, "--sqlite", str(file.path)])

    said = capsys.readouterr()
    assert code == 77
    assert "let that app make its tables" in said.out + said.err
    assert ask(empty, "SELECT count(*) FROM pg_class WHERE relname = 'alembic_version'") == 0


def test_a_target_without_the_tables_of_another_app_is_not_told_to_get_ours(
    file, empty, capsys, monkeypatch
) -> None:
    monkeypatch.setenv("MIGRATE_DATABASE_URL", empty.conninfo())

    code = main(["--sqlite", str(file.path)])

    said = capsys.readouterr().err
    assert code == 77
    assert "let that app make its tables" in said
    assert "--migrate" not in said
