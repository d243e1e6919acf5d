"""`python dev_server.py`: settings, schema, then Werkzeug's server for development."""

from __future__ import annotations

import logging
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

import click
from werkzeug.serving import run_simple

from backend.app import create_app
from backend.cli.shell import run
from backend.config.env import over_file
from backend.config.settings import BACKEND, Settings, load_settings
from backend.db import private_files
from backend.db.dialect import dialect_for
from backend.db.schema_state import read_schema
from backend.errors import RefusedError
from backend.logs import TextFormatter
from backend.migrate import upgrade


@click.command("dev_server.py")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, help="Port to listen on.")
@click.option("--reload/--no-reload", default=False, help="Restart when a file changes.")
def command(host: str, port: int, *, reload: bool) -> None:
    """Serve the app for development. Never put it on a network: this server is not made for one."""
    settings = load_settings(_environment())
    _log_to_the_terminal(settings.log_level)
    _bring_schema(settings)
    click.echo(f"Hesap Paylaş on {settings.database}: http://{host}:{port}", err=True)
    run_simple(host, port, create_app(settings), threaded=True, use_reloader=reload)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    return run(command, argv)


def _environment() -> dict[str, str]:
    """Return the environment over what `.env` says, with what development needs and nobody set."""
    environment = over_file(os.environ, BACKEND.parent / ".env")
    if not environment.get("SECRET_KEY") and not environment.get("SECRET_KEY_FILE"):
        environment["SECRET_KEY_FILE"] = str(_own_key(BACKEND / "instance" / "secret_key"))
    return environment


def _own_key(path: Path) -> Path:
    """Make a key once, so that a restart logs nobody out."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        private_files.replace(path, secrets.token_urlsafe(48))
    return path


def _log_to_the_terminal(level: str) -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(TextFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler])


def _bring_schema(settings: Settings) -> None:
    """Migrate a local SQLite file; a Postgres may be somebody else's, so only look at it."""
    if settings.database.engine == "sqlite":
        upgrade(settings.database)
        return
    report = read_schema(dialect_for(settings.database), seconds=5)
    if report.state != "ok":
        raise RefusedError(
            f"the schema of {settings.database} is {report.state}",
            hint="run: python backend/db_migrate.py",
        )
