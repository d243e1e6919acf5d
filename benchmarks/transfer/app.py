"""A turn with the app's own schema: demo data into the tables that its migrations make."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from backend.config.database_url import DatabaseUrl
from backend.demo import fill
from backend.demo.config import DemoConfig
from backend.migrate import upgrade
from benchmarks.transfer.contenders import Contender, ours, pgloader
from benchmarks.transfer.measure import Taken
from benchmarks.transfer.target import Target
from tests.fix_postgres import PostgresServer

# With the tables of the migrations and their rows, which pgloader would otherwise add once more.
_LEFT_OUT = "EXCLUDING TABLE NAMES LIKE 'alembic_version', 'schema_state', 'throttles'"
_DATA_ONLY = "LOAD DATABASE FROM sqlite://{source} INTO {target} WITH data only"
_TUNED = ", drop indexes, workers = 4, concurrency = 1, batch rows = 100000, prefetch rows = 100000"
_MEMORY = " SET maintenance_work_mem to '256MB', synchronous_commit to 'off'"
_ORDERS_A_USER = 7


@dataclass(frozen=True)
class App:
    """A file with demo data, and a migrated database to copy for each turn."""

    source: Path
    template: DatabaseUrl
    at: PostgresServer

    @property
    def rows(self) -> Mapping[str, int]:
        """How many rows each table of the file has."""
        with closing(sqlite3.connect(self.source)) as file:
            names = file.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
            return {
                name: file.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]  # noqa: S608 - ours
                for (name,) in names
                if name not in {"alembic_version", "schema_state", "throttles"}
            }

    def turn(self, contender: Contender) -> tuple[Taken, int]:
        """Let one way load it; return how many rows have arrived, too."""
        target = Target(self.at)
        self.at.copy_database(self.template, target.database)
        taken = contender.load(self.source, target)
        with psycopg.connect(target.database.conninfo()) as session:
            counts = [
                session.execute(f'SELECT count(*) FROM "{name}"'.encode()).fetchone()  # noqa: S608 - ours
                for name in self.rows
            ]
        target.rest()
        return taken, sum(row[0] for row in counts if row)


@contextmanager
def app(folder: Path, at: PostgresServer, orders: int) -> Iterator[App]:
    """Make both."""
    source, template = folder / "app.db", at.new_database()
    fill(
        DatabaseUrl("sqlite", path=source),
        DemoConfig(users=orders // _ORDERS_A_USER, orders=orders),
    )
    upgrade(template)
    try:
        yield App(source, template, at)
    finally:
        at.drop_database(template)


def _prepared(_target: Target) -> None:
    """Do nothing: the database is a copy of the migrated one."""


OURS = Contender("ours, with its comparison", _prepared, ours)
PGLOADER = (
    Contender("pgloader, data only", _prepared, pgloader(f"{_DATA_ONLY} {_LEFT_OUT};\n")),
    Contender(
        "pgloader, tuned",
        _prepared,
        pgloader(f"{_DATA_ONLY}{_TUNED}{_MEMORY} {_LEFT_OUT};\n"),
    ),
)
