"""Databases that the sync's own parts are put to."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from shutil import copyfile

import pytest

from backend.config.database_url import DatabaseUrl
from tests.integration.sync.command import PASSWORD, Home
from tests.integration.sync.pair import FILE_AND_SERVER, OTHER_PAIRS, Pair, paired

HERE = Path(__file__).parent
# Run in a minute (-m "core and not slow"), and meet what a redesign is most likely to break.
CORE = (
    *("test_sync", "test_pairs", "test_deletions", "test_odd_values", "test_cut_off"),
    *("test_convergence", "test_kills", "test_in_use", "test_changed_meanwhile", "test_read_back"),
)
if gone := [name for name in CORE if not (HERE / f"{name}.py").exists()]:
    raise FileNotFoundError(f"CORE names files that are not there: {gone}")


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark the core."""
    if item.path.parent == HERE and item.path.stem in CORE:
        item.add_marker("core")


def on_port(database: DatabaseUrl, port: int, **words: str) -> DatabaseUrl:
    """Return the way to a Postgres that leads through another door."""
    return replace(database, params={**database.params, "port": str(port), **words})


@pytest.fixture(
    params=[FILE_AND_SERVER, *(pytest.param(one, marks=pytest.mark.slow) for one in OTHER_PAIRS)]
)
def pair(request, tmp_path) -> Iterator[Pair]:
    """Two migrated databases; in the drill, of every pair of engines."""
    with ExitStack() as stack:
        local, remote = (
            stack.enter_context(_migrated(request, engine, tmp_path / f"{name}.db"))
            for name, engine in zip(("local", "remote"), request.param.split("-"), strict=True)
        )
        yield stack.enter_context(paired(local, remote))


@contextmanager
def _migrated(request, engine: str, path) -> Iterator[DatabaseUrl]:
    if engine == "sqlite":
        copyfile(request.getfixturevalue("sqlite_template"), path)
        yield DatabaseUrl("sqlite", path=path)
        return
    server = request.getfixturevalue("postgres_server")
    database = server.new_database(request.getfixturevalue("postgres_template"))
    yield database
    server.drop_database(database)


@pytest.fixture
def hosted(postgres_server, postgres_template) -> Iterator[DatabaseUrl]:
    """A hosted database, with a login whose password must never be seen."""
    database = postgres_server.new_database(postgres_template)
    name = f"owner_{database.params['dbname']}"
    postgres_server.execute(f"CREATE ROLE {name} LOGIN SUPERUSER PASSWORD '{PASSWORD}'")
    yield database.with_login(name, PASSWORD)
    postgres_server.drop_database(database)
    postgres_server.execute(f"DROP ROLE {name}")


@pytest.fixture
def home(sqlite_template, hosted, tmp_path, monkeypatch, capsys) -> Home:
    """A migrated file, and the hosted database where the command looks for it."""
    file = tmp_path / "home" / "mine.db"
    file.parent.mkdir()
    copyfile(sqlite_template, file)
    where = hosted.params
    url = (
        f"postgresql://{where['user']}:{PASSWORD}@{where['host']}:{where['port']}/{where['dbname']}"
    )
    monkeypatch.setenv("RENDER_DATABASE_URL", url)
    return Home(file, hosted, capsys)
