"""A database that holds the schema, and a session on it."""

import secrets
from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg
import pytest
from psycopg import sql

from backend.config.database_url import DatabaseUrl
from backend.db.session import Session
from backend.tablecopy.target import Target, connect
from tests.fix_postgres import PostgresServer
from tests.integration.tablecopy.shadow.rich import RICH


@contextmanager
def three_roles(server: PostgresServer) -> Iterator[dict[str, sql.Identifier]]:
    """Make three roles that nobody else has."""
    names = {name: f"{name}_{secrets.token_hex(4)}" for name in ("reader", "owner", "stranger")}
    server.execute(*(f"CREATE ROLE {name}" for name in names.values()))
    yield {name: sql.Identifier(role) for name, role in names.items()}
    for role in names.values():
        server.execute(f"DROP ROLE {role}")


@contextmanager
def one_database(server: PostgresServer) -> Iterator[DatabaseUrl]:
    """Make a database; it goes before the roles, which it needs."""
    database = server.new_database()
    yield database
    server.drop_database(database)


def with_everything(database: DatabaseUrl, roles: dict[str, sql.Identifier]) -> Target:
    """Make a schema with one of everything."""
    with closing(psycopg.connect(database.conninfo(), autocommit=True)) as connection:
        connection.execute(sql.SQL(RICH).format(**roles))
    return Target(database.conninfo(), "Shop")


@pytest.fixture
def roles(postgres_server) -> Iterator[dict[str, sql.Identifier]]:
    with three_roles(postgres_server) as roles:
        yield roles


@pytest.fixture
def database(postgres_server, roles) -> Iterator[DatabaseUrl]:
    with one_database(postgres_server) as database:
        yield database


@pytest.fixture
def target(database: DatabaseUrl, roles) -> Target:
    return with_everything(database, roles)


@pytest.fixture
def session(target: Target) -> Iterator[Session]:
    with closing(connect(target, name="test")) as session:
        yield session
