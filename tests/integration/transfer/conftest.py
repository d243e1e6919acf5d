"""A transfer to call as an operator would, and two databases to call it with."""

import secrets
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import select

from backend.config.database_url import DatabaseUrl
from backend.db.base import data_tables
from backend.demo import fill
from backend.demo.config import DemoConfig
from backend.transfer.cli import main
from tests.integration.migrate.conftest import Ran
from tests.integration.migrate.structure import connected

SMALL = DemoConfig(users=40, orders=300)
# A transfer of it takes long enough to be met in the middle.
LARGE = DemoConfig(users=500, orders=6000)
# What the migrations keep for themselves, each side its own.
COPIED = data_tables()


@dataclass(frozen=True)
class Transfer:
    """The command, with one source and one target."""

    source: DatabaseUrl
    target: DatabaseUrl
    capsys: pytest.CaptureFixture[str]

    def __call__(self, *words: str | Path) -> Ran:
        """Call it; the target is in the environment."""
        code = main([*map(str, words), "--sqlite", str(self.source.path)])
        captured = self.capsys.readouterr()
        return Ran(code, captured.out, captured.err)


@pytest.fixture(scope="session")
def demo_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with demo data, to be copied."""
    path = tmp_path_factory.mktemp("demo") / "demo.db"
    fill(DatabaseUrl("sqlite", path=path), SMALL)
    return path


@pytest.fixture
def source(demo_template: Path, tmp_path: Path) -> DatabaseUrl:
    """A SQLite file of the app with demo data."""
    folder = tmp_path / "source"
    folder.mkdir()
    return DatabaseUrl("sqlite", path=shutil.copyfile(demo_template, folder / "demo.db"))


@pytest.fixture(scope="session")
def large_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A large file with demo data, to be copied."""
    path = tmp_path_factory.mktemp("large") / "large.db"
    fill(DatabaseUrl("sqlite", path=path), LARGE)
    return path


@pytest.fixture
def large(large_template: Path, tmp_path: Path) -> DatabaseUrl:
    """A file whose transfer takes long enough to be stopped."""
    return DatabaseUrl("sqlite", path=shutil.copyfile(large_template, tmp_path / "large.db"))


@pytest.fixture
def target(postgres_server, postgres_template) -> Iterator[DatabaseUrl]:
    """A migrated Postgres database without rows."""
    database = postgres_server.new_database()
    postgres_server.copy_database(postgres_template, database)
    yield database
    postgres_server.drop_database(database)


@pytest.fixture
def empty(postgres_server) -> Iterator[DatabaseUrl]:
    """A Postgres database without tables."""
    database = postgres_server.new_database()
    yield database
    postgres_server.drop_database(database)


@pytest.fixture
def transfer(source, target, capsys, monkeypatch) -> Transfer:
    """The transfer of demo data into a migrated database."""
    monkeypatch.setenv("MIGRATE_DATABASE_URL", target.conninfo())
    return Transfer(source, target, capsys)


@pytest.fixture
def elsewhere(empty, tmp_path, capsys, monkeypatch) -> Transfer:
    """The transfer of another app's file; neither side has a table yet."""
    monkeypatch.setenv("MIGRATE_DATABASE_URL", empty.conninfo())
    return Transfer(DatabaseUrl("sqlite", path=tmp_path / "elsewhere.db"), empty, capsys)


def contents(database: DatabaseUrl) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row, read through the models: another way than the one that is tested."""
    with connected(database) as connection:
        return {
            table.name: [
                tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))
            ]
            for table in COPIED
        }


def counts(database: DatabaseUrl) -> dict[str, int]:
    """Return the number of rows of each table."""
    return {name: len(rows) for name, rows in contents(database).items()}


def write(database: DatabaseUrl, *statements: str) -> None:
    """Write to either side as somebody with `psql` or `sqlite3` would."""
    if database.engine == "postgres":
        with psycopg.connect(database.conninfo()) as connection:
            for statement in statements:
                connection.execute(statement.encode())
        return
    assert database.path is not None
    with closing(sqlite3.connect(database.path)) as file:
        for statement in statements:
            file.execute(statement)
        file.commit()


def ask(database: DatabaseUrl, query: str) -> Any:
    """Return the first value of the answer of Postgres."""
    with psycopg.connect(database.conninfo()) as connection:
        row = connection.execute(query.encode()).fetchone()
    return row and row[0]


@contextmanager
def reading(database: DatabaseUrl) -> Iterator[psycopg.Connection]:
    """Read a table for the whole block: until its end a load does not exchange the tables."""
    with psycopg.connect(database.conninfo()) as connection:
        connection.execute("LOCK TABLE users IN ACCESS SHARE MODE")
        yield connection


def rows(database: DatabaseUrl, query: str) -> list[tuple[Any, ...]]:
    """Return the answer of Postgres, in order."""
    with psycopg.connect(database.conninfo()) as connection:
        return sorted(connection.execute(query.encode()).fetchall(), key=repr)


def schemas(database: DatabaseUrl) -> list[str]:
    """Return the schemas that are there besides Postgres's own."""
    with psycopg.connect(database.conninfo()) as connection:
        found = connection.execute(
            "SELECT nspname::text FROM pg_namespace"
            " WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' ORDER BY 1"
        )
        return [name for (name,) in found]


Run = Callable[..., Ran]


@dataclass(frozen=True)
class Move:
    """The transfer of a small file of another app into a database that it has not made yet."""

    source: DatabaseUrl
    target: DatabaseUrl
    capsys: pytest.CaptureFixture[str]
    monkeypatch: pytest.MonkeyPatch

    def __call__(self, *words: str | Path, login: DatabaseUrl | None = None) -> Ran:
        """Call it as whoever logs in, the superuser unless somebody else is named."""
        self.monkeypatch.setenv("MIGRATE_DATABASE_URL", (login or self.target).conninfo())
        return Transfer(self.source, self.target, self.capsys)(*words, "--workers", "1")

    def prepare(self, *statements: str) -> None:
        """Make something on the target."""
        write(self.target, *statements)

    def rows(self, table: str = "a") -> list[tuple[Any, ...]]:
        """Return the rows of a table of the target, in the order of its first column."""
        with psycopg.connect(self.target.conninfo()) as connection:
            return connection.execute(f"SELECT * FROM {table} ORDER BY 1".encode()).fetchall()


A = ("CREATE TABLE a (id integer PRIMARY KEY, t text)", "INSERT INTO a VALUES (1, 'x'), (2, 'y')")


@pytest.fixture
def move(empty, tmp_path, capsys, monkeypatch) -> Move:
    """A file with `a(id, t)` and two rows, and a target that has the table without rows."""
    source = DatabaseUrl("sqlite", path=tmp_path / "a.db")
    write(source, *A)
    write(empty, A[0])
    return Move(source, empty, capsys, monkeypatch)


@pytest.fixture
def role(postgres_server, empty) -> Iterator[str]:
    """A login of the empty database without a right of its own; its name is its password."""
    name = f"role_{secrets.token_hex(4)}"
    postgres_server.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{name}'")
    yield name
    postgres_server.execute(f"DROP OWNED BY {name} CASCADE", dbname=empty.params["dbname"])
    postgres_server.execute(f"DROP ROLE {name}")


def login(target: DatabaseUrl, role: str) -> DatabaseUrl:
    """Return the way in of a role of `role`."""
    return replace(target, params={**target.params, "user": role}, password=role)
