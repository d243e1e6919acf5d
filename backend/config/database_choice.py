"""Which database a command is about: what it was told, else what is configured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from backend.config.database_url import DatabaseUrl, EngineName, parse_database_url
from backend.config.settings import load_settings
from backend.errors import ConfigError, UsageError


@dataclass(frozen=True)
class DatabaseChoice:
    """What the command line says about the database."""

    engine: EngineName | None = None
    path: Path | None = None
    url: str | None = None


def choose_database(target: DatabaseChoice, environ: Mapping[str, str]) -> DatabaseUrl:
    """Return the one database that is meant.

    Raises:
        UsageError: the command line contradicts itself.
        ConfigError: it contradicts the configuration, or the configuration is not accepted.
    """
    if target.path and target.url:
        raise UsageError("--db and --url both name a database", hint="keep one of them")
    named = target.path or target.url
    database = _named(target) if named else load_settings(environ).migrate_database
    if target.engine not in {None, database.engine}:
        _contradict(target, database)
    return database


def _named(target: DatabaseChoice) -> DatabaseUrl:
    if target.url:
        return parse_database_url(target.url, name="--url")
    return DatabaseUrl("sqlite", path=target.path)


def _contradict(target: DatabaseChoice, database: DatabaseUrl) -> None:
    if target.path or target.url:
        option = "--db" if target.path else "--url"
        raise UsageError(
            f"--engine {target.engine} contradicts {option}, which names {database.engine}",
            hint=f"say --engine {database.engine}, or leave --engine out",
        )
    hints = {
        "postgres": "set MIGRATE_DATABASE_URL or DATABASE_URL, or DB_ENGINE=postgres with PG_*",
        "sqlite": "name the file with --db PATH",
        None: "",
    }
    raise ConfigError(
        f"--engine {target.engine}, but the configured database is {database}",
        hint=hints[target.engine],
    )
