"""The pool fits the server, the role and the database, or the start is refused."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from psycopg import sql

from backend.app import preflight
from backend.config.database_url import DatabaseUrl, parse_database_url
from backend.config.settings import Settings, load_settings
from backend.db.capacity import check_capacity, connections_wanted
from backend.errors import ConfigError
from tests.fix_postgres import PostgresServer
from tests.live_server import SECRET_KEY
from tests.ports import free_port


@pytest.fixture
def limited(postgres_server: PostgresServer) -> Iterator[DatabaseUrl]:
    """A database and a login of its own, as a hoster gives them."""
    database = postgres_server.new_database()
    postgres_server.execute("CREATE ROLE hosted LOGIN PASSWORD 'invented'")
    yield database.with_login("hosted", "invented")
    postgres_server.drop_database(database)
    postgres_server.execute("DROP ROLE hosted")


def name_of(database: DatabaseUrl) -> sql.Identifier:
    return sql.Identifier(database.params["dbname"])


def test_two_colors_their_probes_and_a_migration_are_counted() -> None:
    assert connections_wanted(workers=2, threads=8) == 38
    # The setting of deploy/docker-compose.external-db.yml.
    assert connections_wanted(workers=1, threads=6) == 16


def test_what_just_fits_is_accepted(limited: DatabaseUrl, postgres_server: PostgresServer) -> None:
    postgres_server.execute("ALTER ROLE hosted CONNECTION LIMIT 16")

    check_capacity(limited, workers=1, threads=6)


@pytest.mark.parametrize("whose", ["ROLE hosted", "DATABASE {}"])
def test_a_limit_of_the_role_or_the_database_counts(
    limited: DatabaseUrl, postgres_server: PostgresServer, whose: str
) -> None:
    limit = sql.SQL("ALTER " + whose + " CONNECTION LIMIT 15").format(name_of(limited))
    postgres_server.execute(limit)

    with pytest.raises(ConfigError) as caught:
        check_capacity(limited, workers=1, threads=6)

    assert "need 16 connections for both colours, but there is room for 15" in str(caught.value)


def test_more_than_the_server_has_is_refused(limited: DatabaseUrl) -> None:
    with pytest.raises(ConfigError, match="WEB_WORKERS=64 and WEB_THREADS=64 need 8322"):
        check_capacity(limited, workers=64, threads=64)


def test_a_file_takes_any_number(tmp_path: Path) -> None:
    check_capacity(DatabaseUrl("sqlite", path=tmp_path / "a.db"), workers=64, threads=64)


def starting_on(database: DatabaseUrl) -> Settings:
    environ = {"SECRET_KEY": SECRET_KEY, "WEB_WORKERS": "1", "WEB_THREADS": "6"}
    return replace(load_settings(environ), database=database)


def test_a_process_that_would_find_no_room_does_not_start(
    limited: DatabaseUrl, postgres_server: PostgresServer
) -> None:
    postgres_server.execute("ALTER ROLE hosted CONNECTION LIMIT 15")

    with pytest.raises(ConfigError, match="there is room for 15"):
        preflight(starting_on(limited))


def test_a_server_that_does_not_answer_keeps_no_process_from_starting() -> None:
    gone = parse_database_url(f"postgresql://hosted:invented@127.0.0.1:{free_port()}/bills")

    preflight(starting_on(gone))
