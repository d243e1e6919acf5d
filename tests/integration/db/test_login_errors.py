"""What is in the way of a login is named by every command, with its own way out and no password."""

import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import psycopg
import pytest

from backend.config.database_url import DatabaseUrl
from backend.migrate.cli import main as migrate_main
from backend.transfer.cli import main as transfer_main
from tests.fix_postgres import PostgresServer
from tests.polling import wait_for
from tests.ports import free_port

CANARY = "canary-of-a-password"

Way = Callable[[PostgresServer, ExitStack], DatabaseUrl]


def no_database(server: PostgresServer, _stack: ExitStack) -> DatabaseUrl:
    return server.url.with_database("no_such_thing")


def no_role(_server: PostgresServer, stack: ExitStack) -> DatabaseUrl:
    # With passwords a server says the same of a wrong one: nobody is to learn who is there.
    said = b'SFATAL\0VFATAL\0C28000\0Mrole "stranger" does not exist\0\0'
    return _elsewhere(stack.enter_context(answering(said)))


def may_not_log_in(server: PostgresServer, _stack: ExitStack) -> DatabaseUrl:
    with suppress(psycopg.errors.DuplicateObject):
        server.execute(f"CREATE ROLE shut NOLOGIN PASSWORD '{CANARY}'")
    return server.url.with_login("shut", CANARY)


def wrong_password(server: PostgresServer, _stack: ExitStack) -> DatabaseUrl:
    return replace(server.url, password=CANARY)


def no_tls(server: PostgresServer, _stack: ExitStack) -> DatabaseUrl:
    return replace(server.url, params={**server.url.params, "sslmode": "require"})


def closed_port(_server: PostgresServer, _stack: ExitStack) -> DatabaseUrl:
    return _elsewhere(free_port())


def unknown_host(server: PostgresServer, _stack: ExitStack) -> DatabaseUrl:
    return replace(server.url, params={**server.url.params, "host": "no-such-host.invalid"})


def too_many(server: PostgresServer, stack: ExitStack) -> DatabaseUrl:
    with suppress(psycopg.errors.DuplicateObject):
        server.execute(f"CREATE ROLE narrow LOGIN PASSWORD '{CANARY}' CONNECTION LIMIT 1")
    url = server.url.with_login("narrow", CANARY)
    # The session of another test may still be ending.
    stack.enter_context(closing(wait_for(partial(_connected, url), "the only connection")))
    return url


def _connected(url: DatabaseUrl) -> psycopg.Connection | None:
    with suppress(psycopg.OperationalError):
        return psycopg.connect(url.conninfo())
    return None


def not_named(server: PostgresServer, _stack: ExitStack) -> DatabaseUrl:
    return server.url.with_login("unlisted", CANARY)


WAYS = [
    (no_database, 69, "there is no database for postgresql://", 'CREATE DATABASE "no_such_thing"'),
    (no_role, 69, 'there is no role "stranger"', "CREATE ROLE"),
    (may_not_log_in, 69, 'the role "shut" may not log in', 'ALTER ROLE "shut" LOGIN'),
    (wrong_password, 69, "wrong user or password", "PGPASSWORD"),
    (no_tls, 69, "does not speak TLS, and is asked to", "sslmode=prefer"),
    (closed_port, 69, "connection refused by 127.0.0.1:", "check host and port"),
    (unknown_host, 69, "the host of postgresql://", ""),
    (too_many, 75, "has no connection left for us", "CONNECTION LIMIT"),
    (not_named, 69, "lets nobody in from this address", "pg_hba.conf"),
]


def moves(url: DatabaseUrl, folder: Path, environ: pytest.MonkeyPatch) -> int:
    path = folder / "home.db"
    with closing(sqlite3.connect(path)) as file:
        file.execute("CREATE TABLE a (id INTEGER PRIMARY KEY, t TEXT)")
        file.commit()
    environ.setenv("MIGRATE_DATABASE_URL", url.conninfo())
    return transfer_main(["--sqlite", str(path)])


def migrates(url: DatabaseUrl, _folder: Path, environ: pytest.MonkeyPatch) -> int:
    environ.setenv("MIGRATE_DATABASE_URL", url.conninfo())
    return migrate_main(["--wait", "0"])


@pytest.fixture(scope="module")
def listed_server(trusting_server: PostgresServer) -> Iterator[PostgresServer]:
    """A server that names who may log in."""
    rules = trusting_server.data / "pg_hba.conf"
    before = rules.read_text()
    rules.write_text(f"host all unlisted all reject\n{before}")
    trusting_server.execute("SELECT pg_reload_conf()")
    yield trusting_server
    rules.write_text(before)
    trusting_server.execute("SELECT pg_reload_conf()")


@pytest.mark.parametrize("command", [moves, migrates])
@pytest.mark.parametrize(
    ("way", "code", "said", "advice"), WAYS, ids=[way.__name__ for way, *_ in WAYS]
)
def test_each_has_its_own_words(
    listed_server, tmp_path, monkeypatch, capsys, command, way, code, said, advice
) -> None:
    with ExitStack() as stack:
        ended = command(way(listed_server, stack), tmp_path, monkeypatch)

    answer = capsys.readouterr().err
    expected = 78 if command is migrates and "refuses the login" in answer else code
    assert said in answer
    assert advice in answer
    assert ended == expected, answer
    assert CANARY not in answer
    assert listed_server.password not in answer
    assert "Traceback" not in answer


@contextmanager
def answering(fields: bytes) -> Iterator[int]:
    """Give a port at which everybody is refused in these words."""
    with socket.create_server(("127.0.0.1", 0)) as door:

        def refuse() -> None:
            with suppress(OSError):
                while True:
                    call, _ = door.accept()
                    with call:
                        call.recv(1024)
                        call.sendall(b"E" + (4 + len(fields)).to_bytes(4, "big") + fields)

        threading.Thread(target=refuse, daemon=True).start()
        yield door.getsockname()[1]


def _elsewhere(port: int) -> DatabaseUrl:
    where = {"host": "127.0.0.1", "port": str(port), "user": "stranger", "dbname": "hesap"}
    return DatabaseUrl("postgres", params={**where, "sslmode": "disable"}, password=CANARY)
