"""Settings of bootstrap: where the server is, and in which files the passwords are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from backend.bootstrap.roles import WITH_PASSWORD
from backend.config.database_url import DatabaseUrl
from backend.config.env import Env, read_secret
from backend.errors import ConfigError

SUPERUSER = "postgres"


@dataclass(frozen=True)
class BootstrapSettings:
    """A checked description of the server and of everybody's password file."""

    server: DatabaseUrl
    database: str
    superuser_file: Path
    password_files: Mapping[str, Path]
    wait_seconds: int

    def passwords(self) -> dict[str, str]:
        """Read the passwords of all roles that log in, by the name of the secret."""
        return {name: read_secret(name, path) for name, path in self.password_files.items()}


def load_bootstrap_settings(environ: Mapping[str, str]) -> BootstrapSettings:
    """Read the settings.

    Raises:
        ConfigError: names the variable that is missing.
    """
    env = Env(environ)
    params = {
        "host": env.text("PG_HOST", "db"),
        "port": str(env.integer("PG_PORT", 5432, least=1, most=65535)),
        "dbname": "postgres",
        "user": SUPERUSER,
    }
    files = {role.secret: _file(env, _variable(role.secret)) for role in WITH_PASSWORD}
    return BootstrapSettings(
        server=DatabaseUrl("postgres", params=params, origin="PG_HOST and PG_PORT"),
        database=env.text("PG_DB", "hesap_paylas"),
        superuser_file=_file(env, "SUPERUSER_PASSWORD"),
        password_files=files,
        wait_seconds=env.integer("BOOTSTRAP_WAIT_SECONDS", 60, least=1, most=3600),
    )


def _variable(secret: str) -> str:
    return secret.upper().replace("-", "_") + "_PASSWORD"


def _file(env: Env, name: str) -> Path:
    path = env.secret_file(name)
    if path is None:
        raise ConfigError(f"{name}_FILE is not set", hint="name the file that holds the password")
    return path
