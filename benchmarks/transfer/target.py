"""The Postgres that all load into: a server with its defaults, a new database each time."""

import sqlite3
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg

from backend.config.database_url import DatabaseUrl
from benchmarks.transfer.shape import FOREIGN_KEYS, INDEXES, TABLES, TARGET
from tests.fix_postgres import PostgresServer, new_server, remove

# As Postgres is when nobody has changed anything: durable, and with little memory.
DEFAULTS = {"shared_buffers": "128MB", "fsync": "on"}


@contextmanager
def server() -> Iterator[PostgresServer]:
    """Give a server of our own."""
    found = new_server(DEFAULTS)
    try:
        yield found
    finally:
        remove(found)


class Target:
    """One database on it; `psql` is the server's own."""

    def __init__(self, at: PostgresServer) -> None:
        self._server = at
        self.database: DatabaseUrl = at.new_database()
        self.psql = at.programs / "psql"

    @property
    def url(self) -> str:
        """The address without its password, which goes into the environment."""
        return str(self.database)

    @property
    def env(self) -> dict[str, str]:
        """What a client of libpq needs to log in."""
        return {"PGPASSWORD": self.database.password}

    def execute(self, *statements: str) -> None:
        """Run statements, each by itself."""
        self._server.execute(*statements, dbname=self.database.params["dbname"])

    def make_bare_tables(self) -> None:
        """Make the tables of the shape, and nothing on them."""
        self.execute(*TARGET.values())

    def make_tables(self) -> None:
        """Make the tables of the shape with everything that belongs to them."""
        self.make_bare_tables()
        self.execute(*(one for part in (*INDEXES, *FOREIGN_KEYS) for one in part))

    def at_once(self, *lists: Sequence[str]) -> None:
        """Run lists of statements, each on a connection of its own."""
        command = (self.psql, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", self.url)
        started = [
            subprocess.Popen(
                [*command, *(word for one in statements for word in ("-c", one))], env=self.env
            )
            for statements in lists
        ]
        if any([process.wait() for process in started]):
            raise RuntimeError("a statement failed, see above")

    def see_rows(self, source: Path) -> None:
        """See that as many rows have arrived as there are: pgloader ends well without them too.

        Raises:
            RuntimeError: some are missing.
        """
        with (
            closing(sqlite3.connect(source)) as file,
            psycopg.connect(self.database.conninfo()) as session,
        ):
            for table in TABLES:
                query = f"SELECT count(*) FROM {table}"  # noqa: S608 - one of our own
                ((wanted,),) = file.execute(query).fetchall()
                ((found,),) = session.execute(query.encode()).fetchall()
                if found != wanted:
                    raise RuntimeError(f"{table}: {found:,} of {wanted:,} rows have arrived")

    def rest(self) -> None:
        """Leave nothing behind that would slow the next contender down."""
        self._server.drop_database(self.database)
        self._server.execute("CHECKPOINT")
