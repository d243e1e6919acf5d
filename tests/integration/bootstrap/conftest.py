"""A server of one's own to bootstrap: roles belong to the whole server, not to one database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.bootstrap.settings import BootstrapSettings, load_bootstrap_settings
from tests.fix_postgres import PostgresServer, new_server, remove

PASSWORDS = {
    "migrate": "invented migrate password",
    "app-blue": "invented 'blue' password",
    "app-green": "invented-grün-pässword",
}


@pytest.fixture(scope="package")
def server() -> Iterator[PostgresServer]:
    server = new_server()
    yield server
    remove(server)


@pytest.fixture
def told(server: PostgresServer, tmp_path: Path) -> BootstrapSettings:
    """Settings as the stack's bootstrap service has them."""
    (tmp_path / "superuser").write_text(server.password + "\n")
    for name, password in PASSWORDS.items():
        (tmp_path / name).write_text(password + "\n")
    return load_bootstrap_settings(
        {
            "PG_HOST": "127.0.0.1",
            "PG_PORT": str(server.port),
            "SUPERUSER_PASSWORD_FILE": str(tmp_path / "superuser"),
            "MIGRATE_PASSWORD_FILE": str(tmp_path / "migrate"),
            "APP_BLUE_PASSWORD_FILE": str(tmp_path / "app-blue"),
            "APP_GREEN_PASSWORD_FILE": str(tmp_path / "app-green"),
            "BOOTSTRAP_WAIT_SECONDS": "60",
        }
    )
