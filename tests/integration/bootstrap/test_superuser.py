"""The superuser's password: changed while everything runs, and finished after a kill."""

import psycopg
import pytest

from backend.bootstrap import superuser
from backend.bootstrap.run import bootstrap
from backend.bootstrap.settings import BootstrapSettings
from backend.errors import DatabaseError
from tests.fix_postgres import PostgresServer


def test_superuser_gets_a_new_password_and_the_old_one_is_gone(
    server: PostgresServer, told: BootstrapSettings
) -> None:
    old = server.password

    superuser.rotate(told)

    server.password = told.superuser_file.read_text().strip()
    assert server.password != old
    server.execute("SELECT 1")
    assert not told.superuser_file.with_name("superuser.next").exists()
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(server.url.with_login("postgres", old).conninfo())


@pytest.mark.parametrize(
    "taken",
    [
        pytest.param((), id="before the server took it"),
        pytest.param(("ALTER ROLE postgres PASSWORD 'next one'",), id="before the rename"),
    ],
)
def test_killed_rotation_is_finished_by_the_next_run(
    server: PostgresServer, told: BootstrapSettings, taken: tuple[str, ...]
) -> None:
    old = server.password
    pending = told.superuser_file.with_name("superuser.next")
    pending.write_text("next one\n")
    server.execute(*taken)

    bootstrap(told)

    assert told.superuser_file.read_text() == "next one\n"
    assert not pending.exists()
    server.password = "next one"
    server.execute(f"ALTER ROLE postgres PASSWORD '{old}'")
    server.password = old


def test_wrong_superuser_secret_says_how_to_heal_it(told: BootstrapSettings) -> None:
    told.superuser_file.write_text("not the password at all")

    with pytest.raises(DatabaseError, match="restart db"):
        bootstrap(told)
