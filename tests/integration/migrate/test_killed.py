"""Killed before any statement, or before any commit: the next run ends where it should."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from backend.config.database_url import DatabaseUrl
from tests.integration.migrate.conftest import Continued, url_of
from tests.integration.migrate.structure import records, structure

FIRST = (
    "from backend.db.schema_state import SchemaState",
    "SchemaState.__table__.create(op.get_bind())",
    'op.create_table("groups", sa.Column("id", sa.BigInteger, primary_key=True))',
)
ADD = 'op.add_column("groups", sa.Column("motto", sa.Text))'
REBUILD = (
    'with op.batch_alter_table("groups", recreate="always") as table:',
    '    table.drop_column("motto")',
)
INDEX = ('create_index_concurrently("ix_groups_motto", "groups", ["motto"])',)


@pytest.fixture(
    params=["a short history", pytest.param("the history we ship", marks=pytest.mark.slow)]
)
def three_steps(request: pytest.FixtureRequest, history: Continued) -> Continued:
    """A first schema, a new column, and what each engine finds hardest."""
    if request.param == "a short history":
        for path in (history.folder / "expand").glob("*.py"):
            path.unlink()
        history.add("expand", 1, *FIRST)
    shipped = len([*(history.folder / "expand").glob("*.py")])
    history.add("expand", shipped + 1, ADD)
    history.add("expand", shipped + 2, *(INDEX if history.folder.name == "postgres" else REBUILD))
    return history


@pytest.mark.timeout(1800)
def test_the_next_run_converges(database_url, three_steps, drive, fresh_databases) -> None:
    folder = str(three_steps.folder)
    (whole,) = drive({"job": "at_once", "url": url_of(database_url), "number": 1, "dir": folder})
    expected = structure(database_url), records(database_url)

    databases = fresh_databases(whole["statements"])
    urls = [url_of(database) for database in databases]
    ended = drive({"job": "killed", "urls": urls, "dir": folder})

    codes = [[first["code"], second["code"]] for first, second in ended]
    reached = [(structure(database), records(database)) for database in databases]
    assert whole["statements"] > 30
    assert codes == [[-signal.SIGKILL, 0]] * whole["statements"]
    assert [k for k, found in enumerate(reached, start=1) if found != expected] == []


@pytest.fixture
def fresh_databases(
    database_url: DatabaseUrl, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[[int], list[DatabaseUrl]]]:
    """Make many empty databases of this test's engine."""
    made: list[DatabaseUrl] = []
    server = database_url.engine == "postgres" and request.getfixturevalue("postgres_server")

    def make(number: int) -> list[DatabaseUrl]:
        for k in range(number):
            path = tmp_path / f"killed-{k}" / "test.db"
            made.append(server.new_database() if server else DatabaseUrl("sqlite", path=path))
        return made

    yield make
    if server:
        for database in made:
            server.drop_database(database)
