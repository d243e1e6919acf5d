"""What all tests share: one app, each time on a fresh database of either engine."""

import shutil
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from flask import Flask
from flask.testing import FlaskClient

from backend.config.database_url import DatabaseUrl
from backend.config.settings import Settings, load_settings
from tests.live_server import SECRET_KEY

if TYPE_CHECKING:
    # Imported before pytest has loaded it as a plugin, its assertions would not be explained.
    from tests.fix_postgres import PostgresServer

pytest_plugins = [
    *("tests.fix_missing", "tests.fix_workers"),
    *("tests.fix_postgres", "tests.fix_pooler", "tests.fix_actors"),
]


def pytest_configure() -> None:
    """Let Ctrl-C reach what tests start: a shell's background jobs, and their children, ignore it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DatabaseUrl]:
    """An empty database, or one with the schema; a test that asks for it runs once per engine."""
    if request.param == "sqlite":
        yield DatabaseUrl("sqlite", path=tmp_path / "test.db")
        return
    server = request.getfixturevalue("postgres_server")
    # Made at once as the test wants it: making one twice takes longer than most tests.
    wants_schema = "migrated" in request.fixturenames
    template = request.getfixturevalue("postgres_template") if wants_schema else None
    database = server.new_database(template)
    yield database
    server.drop_database(database)


@pytest.fixture
def postgres(postgres_server: "PostgresServer") -> Iterator[DatabaseUrl]:
    """An empty Postgres database."""
    database = postgres_server.new_database()
    yield database
    postgres_server.drop_database(database)


@pytest.fixture
def sqlite(tmp_path: Path) -> DatabaseUrl:
    """A SQLite file that is not there yet."""
    return DatabaseUrl("sqlite", path=tmp_path / "home.db")


@pytest.fixture
def settings(database_url: DatabaseUrl) -> Settings:
    """Settings as in production, on the test's own database."""
    loaded = load_settings({"SECRET_KEY": SECRET_KEY})
    return replace(loaded, database=database_url, migrate_database=database_url)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, to be copied: migrating once a test would take most of the time."""
    from backend.migrate import upgrade

    path = tmp_path_factory.mktemp("template") / "template.db"
    upgrade(DatabaseUrl("sqlite", path=path))
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres_server: "PostgresServer") -> DatabaseUrl:
    """A migrated Postgres database, to be copied."""
    from backend.migrate import upgrade

    template = postgres_server.new_database()
    upgrade(template)
    return template


@pytest.fixture
def migrated(request: pytest.FixtureRequest, settings: Settings) -> Settings:
    """The same, with the schema in place."""
    if settings.database.path is not None:
        shutil.copyfile(request.getfixturevalue("sqlite_template"), settings.database.path)
    return settings


@pytest.fixture
def serve() -> Iterator[Callable[[Settings], Flask]]:
    """Make apps, as gunicorn would serve them, and close their connections at the end."""
    from backend.app import create_app

    apps: list[Flask] = []

    def make(settings: Settings) -> Flask:
        apps.append(create_app(settings))
        return apps[-1]

    yield make
    for app in apps:
        app.extensions["hesap_paylas_engines"].dispose()


@pytest.fixture
def app(serve: Callable[[Settings], Flask], migrated: Settings) -> Flask:
    """The app on the test's own database."""
    return serve(migrated)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser without cookies."""
    return app.test_client()
