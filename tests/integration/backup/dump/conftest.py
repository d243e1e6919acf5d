"""A database on a server of ours that stands for somebody else's."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.fix_postgres import PostgresServer
from tests.integration.backup.dump.bills import Bills, settings_in
from tests.memory import in_memory

_TABLES = """
    CREATE TABLE orders (id bigserial PRIMARY KEY, cents bigint NOT NULL, title text);
    INSERT INTO orders (cents, title) SELECT n * n, 'Çay ' || n FROM generate_series(1, 3000) n;
    CREATE TABLE parted (id int, day date) PARTITION BY RANGE (day);
    CREATE TABLE parted_all PARTITION OF parted DEFAULT;
    INSERT INTO parted VALUES (1, '2026-01-05');
    CREATE INDEX ON orders (title);
    CREATE VIEW dear AS SELECT * FROM orders WHERE cents > 100;
    CREATE SCHEMA other; CREATE TABLE other.notes (note text); INSERT INTO other.notes VALUES ('ş');
    GRANT SELECT ON orders TO {reader}"""


@pytest.fixture
def bills_on() -> Iterator[Callable[[PostgresServer, PostgresServer], Bills]]:
    """Make a database on a server, to be dumped by the programs of another one's version."""
    with ExitStack() as stack:

        def make(server: PostgresServer, programs: PostgresServer) -> Bills:
            folder = Path(tempfile.mkdtemp(prefix="hesap-dumps-", dir=in_memory()))
            stack.callback(shutil.rmtree, folder)
            owner, password = f"owner_{secrets.token_hex(4)}", "pa:ss\\word'\""
            reader = f"{owner}_reader"
            stack.callback(_drop_roles, server, owner, reader)
            database = server.new_database()
            stack.callback(server.drop_database, database)
            escaped = password.replace("'", "''")
            server.execute(
                f"CREATE ROLE {owner} LOGIN PASSWORD '{escaped}'",
                f"CREATE ROLE {reader}",
                f"ALTER DATABASE {database.params['dbname']} OWNER TO {owner}",
            )
            login = database.with_login(owner, password)
            bills = Bills(server, settings_in(folder, login, programs.programs))
            tables = _TABLES.format(reader=reader)
            bills.execute(*(f"SET ROLE {owner};{one}" for one in tables.split(";")))
            return bills

        yield make


def _drop_roles(server: PostgresServer, *roles: str) -> None:
    for role in roles:
        server.execute(f"DROP ROLE IF EXISTS {role}")


@pytest.fixture
def bills(
    bills_on: Callable[[PostgresServer, PostgresServer], Bills], postgres_server: PostgresServer
) -> Bills:
    """A database with 3,002 rows, whose owner has no power beyond it."""
    return bills_on(postgres_server, postgres_server)
