"""A database behind a pooler in transaction mode, and what somebody else would get from it."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

import psycopg
import pytest

from backend.config.database_url import DatabaseUrl
from tests.fix_postgres import PostgresServer, new_server, remove
from tests.pooler import Pooler

_LEFT = """
    SELECT 'setting ' || name || '=' || setting FROM pg_settings WHERE source = 'session'
    UNION ALL SELECT 'statement ' || statement FROM pg_prepared_statements
    UNION ALL SELECT 'temporary ' || relname FROM pg_class WHERE relpersistence = 't'
    UNION ALL SELECT 'lock of ' || pid FROM pg_locks WHERE locktype = 'advisory'"""


@dataclass(frozen=True)
class Pooled:
    """One database, by way of a pooler."""

    direct: DatabaseUrl
    pooler: Pooler

    @property
    def url(self) -> DatabaseUrl:
        """Return the way through the pooler."""
        return replace(self.direct, params={**self.direct.params, "port": str(self.pooler.port)})

    def left_behind(self) -> set[str]:
        """Look into every session of the pool for what its next user would be surprised by."""
        found: set[str] = set()
        with ExitStack() as stack:
            for _ in range(self.pooler.sessions):
                client = psycopg.connect(self.url.conninfo(), autocommit=True)
                stack.enter_context(client)
                stack.enter_context(client.transaction())
                found |= {str(row[0]) for row in client.execute(_LEFT, prepare=False)}
        return found


@pytest.fixture(scope="session")
def trusting_server() -> Iterator[PostgresServer]:
    """A server that lets a superuser named `pooled` in without a password."""
    server = new_server()
    server.execute("CREATE ROLE pooled LOGIN SUPERUSER")
    rules = server.data / "pg_hba.conf"
    rules.write_text("host all pooled 127.0.0.1/32 trust\n" + rules.read_text())
    server.execute("SELECT pg_reload_conf()")
    yield server
    remove(server)


@contextmanager
def pooled_database(
    server: PostgresServer, *, in_turn: bool = False, replays: bool = False, most: int = 100
) -> Iterator[Pooled]:
    """Put a pooler in front of an empty database."""
    database = server.new_database()
    pooler = Pooler(database, in_turn=in_turn, replays=replays, most=most)
    yield Pooled(database, pooler)
    pooler.close()
    server.drop_database(database)


@pytest.fixture
def pooled(trusting_server: PostgresServer) -> Iterator[Pooled]:
    """An empty database behind a pooler."""
    with pooled_database(trusting_server) as one:
        yield one
