"""Connections that fail: each error names the thing and what to do, and no password."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

import pytest

from backend.config.database_url import DatabaseUrl
from backend.errors import AppError, DatabaseError, TransientError
from backend.sync.connections import postgres_at
from backend.sync.retries import with_retries
from tests.integration.sync.conftest import on_port
from tests.integration.sync.tls_door import TlsDoor
from tests.ports import free_port

CANARY = "canary-of-a-password"
NAME = "RENDER_DATABASE_URL"


def trouble(database: DatabaseUrl) -> AppError:
    """Return what is said about a database that cannot be reached."""
    with pytest.raises(AppError) as caught, postgres_at(database, name=NAME, writing=True):
        pass
    assert CANARY not in str(caught.value)
    return caught.value


def nowhere(host: str = "127.0.0.1", **words: str) -> DatabaseUrl:
    params = {"host": host, "port": str(free_port()), "user": "me", "dbname": "hesap", **words}
    return DatabaseUrl("postgres", params=params, password=CANARY)


@contextmanager
def listening(answer: bytes | None) -> Iterator[int]:
    """Give a port that takes calls and says `answer` before it hangs up; None: never anything."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        calls: list[socket.socket] = []

        def take() -> None:
            with suppress(OSError):
                while True:
                    call, _ = door.accept()
                    calls.append(call)
                    if answer is not None:
                        call.recv(1024)
                        call.sendall(answer)
                        call.close()

        threading.Thread(target=take, daemon=True).start()
        yield door.getsockname()[1]
        for call in calls:
            call.close()


def test_a_closed_port() -> None:
    database = nowhere()

    error = trouble(database)

    assert isinstance(error, TransientError)
    assert error.args[0] == f"connection refused by 127.0.0.1:{database.params['port']}"
    for advice in (
        "Dashboard → PostgreSQL → Logs",
        "IP allow list",
        f"is {NAME} right?",
        "External Database URL",
    ):
        assert advice in error.hint


def test_a_port_that_never_answers() -> None:
    with listening(None) as port:
        error = trouble(on_port(nowhere(), port, connect_timeout="2"))

    assert isinstance(error, TransientError)
    assert error.args[0] == f"connection to 127.0.0.1:{port} timed out"
    assert "each try waits 2 seconds" in error.hint
    assert "--batch-size 50" in error.hint


def test_the_limit_is_30_seconds_unless_the_address_says_else() -> None:
    from backend.sync.connections import CONNECT_SECONDS

    assert CONNECT_SECONDS == 30


def test_a_wrong_password_is_said_once_and_not_tried_again(postgres) -> None:
    wrong = replace(postgres, password=CANARY)
    slept: list[float] = []

    def work() -> None:
        with postgres_at(wrong, name=NAME, writing=True):
            pass

    with pytest.raises(DatabaseError, match="refuses the login: wrong user or password") as caught:
        with_retries(work, sleep=slept.append)

    assert not slept
    assert not isinstance(caught.value, TransientError)
    assert "PGPASSWORD" in caught.value.hint
    assert CANARY not in str(caught.value)


def test_no_password_at_all(postgres, monkeypatch) -> None:
    monkeypatch.delenv("PGPASSWORD", raising=False)
    monkeypatch.setenv("PGPASSFILE", "/not/there")

    assert "refuses the login" in trouble(replace(postgres, password="")).args[0]


def test_a_database_that_is_not_there(postgres) -> None:
    error = trouble(postgres.with_database("no_such_thing"))

    assert error.args[0].startswith("there is no database for postgresql://")


def test_an_address_that_is_not_on_the_list(own_postgres_server) -> None:
    rules = own_postgres_server.data / "pg_hba.conf"
    rules.write_text("host postgres postgres 127.0.0.1/32 scram-sha-256\n")
    own_postgres_server.execute("SELECT pg_reload_conf()")

    error = trouble(own_postgres_server.url.with_database("template1"))

    assert "lets nobody in from this address" in error.args[0]
    assert "IP allow list" in error.hint


def test_an_unknown_host() -> None:
    error = trouble(nowhere("no-such-host.invalid"))

    # A machine without any network cannot tell the two apart.
    assert "is unknown" in error.args[0] or "cannot be looked up now" in error.args[0]


def test_a_server_that_speaks_no_tls(postgres) -> None:
    error = trouble(replace(postgres, params={**postgres.params, "sslmode": "require"}))

    assert not isinstance(error, TransientError)
    assert error.args[0].endswith("does not speak TLS, and is asked to")


def test_a_server_that_hangs_up_during_the_login() -> None:
    with listening(b"") as port:
        error = trouble(on_port(nowhere(), port))

    assert isinstance(error, TransientError)
    assert "hung up during the login" in error.args[0]


def test_a_server_that_is_only_just_starting() -> None:
    fields = b"SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0"
    with listening(b"E" + (4 + len(fields)).to_bytes(4) + fields) as port:
        error = trouble(on_port(nowhere(), port, sslmode="disable"))

    assert isinstance(error, TransientError)
    assert "cannot take us in now" in error.args[0]


def test_what_nobody_has_thought_of_is_told_in_its_own_words() -> None:
    fields = b"SFATAL\0VFATAL\0C99999\0Mthe moon is full, " + CANARY.encode() + b"\0\0"
    with listening(b"E" + (4 + len(fields)).to_bytes(4) + fields) as port:
        error = trouble(on_port(nowhere(), port, sslmode="disable"))

    assert "the moon is full, [password]" in error.args[0]


@pytest.fixture
def with_certificate(postgres, tmp_path) -> Iterator[DatabaseUrl]:
    """A server that speaks TLS, with a certificate that it has signed itself."""
    door = TlsDoor(postgres, tmp_path)
    yield on_port(postgres, door.port)
    door.close()


def test_a_certificate_that_nobody_has_signed(with_certificate) -> None:
    words = {"sslmode": "verify-full", "sslrootcert": "system"}

    error = trouble(replace(with_certificate, params={**with_certificate.params, **words}))

    assert "is not one to trust" in error.args[0]
    assert "sslrootcert=FILE" in error.hint


def test_an_authority_that_is_not_there(with_certificate) -> None:
    words = {"sslmode": "verify-full", "sslrootcert": "/not/there"}

    error = trouble(replace(with_certificate, params={**with_certificate.params, **words}))

    assert "is not one to trust" in error.args[0]


def test_require_encrypts_and_does_not_look_at_the_certificate(with_certificate) -> None:
    asking = replace(with_certificate, params={**with_certificate.params, "sslmode": "require"})

    with postgres_at(asking, name=NAME, writing=True) as session:
        assert session.pgconn.ssl_in_use


def test_a_connection_that_is_cut_in_the_middle_is_tried_again(postgres, postgres_server) -> None:
    pids: list[int] = []

    def work() -> object:
        with postgres_at(postgres, name=NAME, writing=True) as session:
            pids.append(session.info.backend_pid)
            if len(pids) == 1:
                postgres_server.execute(f"SELECT pg_terminate_backend({pids[0]})")
            return session.execute("SELECT 'done'").fetchone()

    assert with_retries(work, sleep=lambda _: None) == ("done",)
    assert len(set(pids)) == 2


def test_a_statement_that_takes_too_long_says_what_to_do(postgres) -> None:
    def work() -> None:
        with postgres_at(postgres, name=NAME, writing=True) as session:
            session.execute("SET statement_timeout = '20ms'")
            session.execute("SELECT pg_sleep(5)")

    with pytest.raises(TransientError, match="took too long") as caught:
        with_retries(work, sleep=lambda _: None)

    assert "--batch-size 50" in caught.value.hint
