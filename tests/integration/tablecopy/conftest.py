"""A database to carry rows to."""

import pytest

from backend.tablecopy.postgres.session import Target


@pytest.fixture
def empty_target(postgres_server):
    """A Postgres without a table."""
    database = postgres_server.new_database()
    yield Target(database.conninfo())
    postgres_server.drop_database(database)
