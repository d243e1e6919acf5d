"""A database that holds the schema, and a session on it."""

import secrets
from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest
from psycopg import sql

from backend.config.database_url import DatabaseUrl
from backend.tablecopy.postgres.session import Session, Target, connect
from tests.integration.tablecopy.shadow.rich import RICH


@pytest.fixture
def roles(postgres_server) -> Iterator[dict[str, sql.Identifier]]:
    """Three roles of this test's own."""
    names = {name: f"{name}_{secrets.token_hex(4)}" for name in ("reader", "owner", "stranger")}
    postgres_server.execute(*(f"CREATE ROLE {name}" for name in names.values()))
    yield {name: sql.Identifier(role) for name, role in names.items()}
    for role in names.values():
        postgres_server.execute(f"DROP ROLE {role}")


@pytest.fixture
def database(postgres_server, roles) -> Iterator[DatabaseUrl]:
    database = postgres_server.new_database()
    yield database
    # Before the roles, which it needs.
    postgres_server.drop_database(database)


@pytest.fixture
def target(database: DatabaseUrl, roles) -> Target:
    """A schema with one of everything."""
    with closing(psycopg.connect(database.conninfo(), autocommit=True)) as connection:
        connection.execute(sql.SQL(RICH).format(**roles))
    return Target(database.conninfo(), "Shop")


@pytest.fixture
def session(target: Target) -> Iterator[Session]:
    with closing(connect(target, name="test")) as session:
        yield session
