"""A database to carry rows to."""

from collections.abc import Iterator

import psycopg
import pytest

from backend.tablecopy.target import Target
from tests.fix_postgres import PostgresServer

# Whoever waits for a lock here has left a session open.
_EMPTY = """
    SET lock_timeout = '60s';
    DO $$ DECLARE name text; BEGIN
        FOR name IN SELECT nspname FROM pg_namespace
            WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
        LOOP EXECUTE format('DROP SCHEMA %I CASCADE', name); END LOOP;
    END $$;
    CREATE SCHEMA public AUTHORIZATION pg_database_owner;
    GRANT USAGE ON SCHEMA public TO public"""


@pytest.fixture(scope="session")
def lasting_target(postgres_server: PostgresServer) -> Iterator[Target]:
    """A Postgres that one test after the other makes its tables in."""
    database = postgres_server.new_database()
    yield Target(database.conninfo())
    postgres_server.drop_database(database)


@pytest.fixture
def empty_target(lasting_target: Target) -> Iterator[Target]:
    """A Postgres without a table: emptying one takes a fraction of what making one does."""
    yield lasting_target
    with psycopg.connect(lasting_target.conninfo, autocommit=True) as connection:
        connection.execute(_EMPTY)
