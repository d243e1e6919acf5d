"""A filled database, and a way to damage a copy of it."""

import sqlite3
from contextlib import closing

import psycopg
import pytest

from backend.config.database_url import DatabaseUrl
from backend.demo import fill
from backend.demo.config import DemoConfig

SMALL = DemoConfig(users=20, orders=120)


@pytest.fixture(scope="package")
def filled(postgres_server, tmp_path_factory):
    """A filled database of each engine, to be copied: filling one takes longer than a test."""
    path = tmp_path_factory.mktemp("filled") / "test.db"
    databases = (DatabaseUrl("sqlite", path=path), postgres_server.new_database())
    for database in databases:
        fill(database, SMALL)
    return {database.engine: database for database in databases}


@pytest.fixture
def damage(database_url, filled, postgres_server):
    """Copy the filled database, and write to it as somebody would who knows no constraint."""
    if database_url.engine == "sqlite":
        with (
            closing(sqlite3.connect(filled["sqlite"].path)) as source,
            closing(sqlite3.connect(database_url.path)) as copy,
        ):
            source.backup(copy)
    else:
        postgres_server.copy_database(filled["postgres"], database_url)

    def write(*statements: str) -> None:
        if database_url.engine == "sqlite":
            with closing(sqlite3.connect(database_url.path)) as file:
                file.execute("PRAGMA ignore_check_constraints = ON")
                for statement in statements:
                    file.execute(statement)
                file.commit()
            return
        with psycopg.connect(database_url.conninfo()) as connection:
            # As a restore does: no foreign key is looked at.
            connection.execute("SET session_replication_role = replica")
            for statement in statements:
                connection.execute(statement.encode())

    return write
