"""Databases that the sync's own parts are put to."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from backend.config.database_url import DatabaseUrl


@pytest.fixture
def postgres(postgres_server) -> Iterator[DatabaseUrl]:
    """An empty Postgres database."""
    database = postgres_server.new_database()
    yield database
    postgres_server.drop_database(database)


@pytest.fixture
def sqlite(tmp_path) -> DatabaseUrl:
    """A SQLite file that is not there yet."""
    return DatabaseUrl("sqlite", path=tmp_path / "home.db")


def on_port(database: DatabaseUrl, port: int, **words: str) -> DatabaseUrl:
    """Return the way to a Postgres that leads through another door."""
    return replace(database, params={**database.params, "port": str(port), **words})
