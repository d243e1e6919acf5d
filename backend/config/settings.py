"""Every setting of the app, read once from the environment into one frozen value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from backend.config.database_url import DatabaseUrl, parse_database_url
from backend.config.env import Env
from backend.errors import ConfigError

Color = Literal["blue", "green", "none"]
Network = IPv4Network | IPv6Network

COLORS: tuple[Color, ...] = ("blue", "green", "none")
BACKEND = Path(__file__).resolve().parent.parent
DEFAULT_SQLITE = BACKEND / "instance" / "hesap_paylas.db"
LEAST_SECRET = 32
RENDER_DATABASE_URL = "RENDER_DATABASE_URL"

_PG_PARTS = {"PG_HOST": "host", "PG_DB": "dbname", "PG_USER": "user"}
_PRIVATE = ("127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")


@dataclass(frozen=True)
class Settings:
    """What the operator decided, checked."""

    database: DatabaseUrl
    migrate_database: DatabaseUrl
    secret_key: str = field(repr=False)
    secret_key_fallbacks: tuple[str, ...] = field(repr=False)
    public_url: str
    trusted_proxies: tuple[Network, ...]
    behind_proxy: bool
    color: Color
    workers: int
    threads: int
    port: int
    log_level: str

    @property
    def secure_cookies(self) -> bool:
        """Tell whether browsers reach us by https only."""
        return self.public_url.startswith("https://")


def load_settings(environ: Mapping[str, str]) -> Settings:
    """Read all settings.

    Raises:
        ConfigError: names the variable, what it holds unless it is a secret, and what is accepted.
    """
    return read_settings(Env(environ))


def read_settings(env: Env) -> Settings:
    """Read all settings from `env`, which remembers their names."""
    database = _database(env)
    return Settings(
        database=database,
        migrate_database=_migrate_database(env) or database,
        secret_key=_long_enough("SECRET_KEY", env.secret("SECRET_KEY")),
        secret_key_fallbacks=tuple(
            _long_enough("SECRET_KEY_FALLBACKS", key)
            for key in env.secret("SECRET_KEY_FALLBACKS").replace(",", "\n").split()
        ),
        # Render tells a service its own address; one that people type instead comes first.
        public_url=_public_url(env, "PUBLIC_URL") or _public_url(env, "RENDER_EXTERNAL_URL"),
        trusted_proxies=_networks(env.text("TRUSTED_PROXIES")),
        behind_proxy=env.flag("BEHIND_PROXY", default=False),
        color=env.choice("APP_COLOR", COLORS, "none"),
        workers=env.integer("WEB_WORKERS", 2, least=1, most=64),
        threads=env.integer("WEB_THREADS", 8, least=2, most=64),
        port=env.integer("PORT", 8000, least=1, most=65535),
        log_level=env.choice("LOG_LEVEL", ("debug", "info", "warning", "error"), "info"),
    )


def read_render_database(env: Env) -> DatabaseUrl | None:
    """Read where the hosted database is, which only the sync wants to know; None: nobody said."""
    url = env.secret(RENDER_DATABASE_URL)
    return parse_database_url(url, name=RENDER_DATABASE_URL) if url else None


def _database(env: Env) -> DatabaseUrl:
    """Choose the database; never fall back to SQLite in silence."""
    url = env.secret("DATABASE_URL")
    engine = env.choice("DB_ENGINE", ("sqlite", "postgres", ""), "")
    parts = {name: env.text(name) for name in (*_PG_PARTS, "PG_PORT")}
    password, password_file = env.secret("PG_PASSWORD"), env.secret_file("PG_PASSWORD")
    given = [name for name, value in parts.items() if value] + ["PG_PASSWORD"] * bool(password)
    if url:
        return _from_url(url, engine, given)
    if engine == "postgres":
        return _from_parts(env, parts, password, password_file)
    if given:
        raise ConfigError(
            f"{given[0]} is set, but DB_ENGINE is {engine or 'not set'}",
            hint="set DB_ENGINE=postgres, or remove the PG_* variables to run on SQLite",
        )
    return DatabaseUrl("sqlite", path=DEFAULT_SQLITE)


def _from_url(url: str, engine: str, given: list[str]) -> DatabaseUrl:
    database = parse_database_url(url)
    if engine and engine != database.engine:
        raise ConfigError(
            f"DB_ENGINE={engine} contradicts DATABASE_URL, which names {database.engine}",
            hint="keep one of them",
        )
    if given:
        raise ConfigError(
            f"both DATABASE_URL and {given[0]} are set", hint="keep one way to name the database"
        )
    return database


def _migrate_database(env: Env) -> DatabaseUrl | None:
    url = env.secret("MIGRATE_DATABASE_URL")
    return parse_database_url(url, name="MIGRATE_DATABASE_URL") if url else None


def _from_parts(
    env: Env, parts: dict[str, str], password: str, password_file: Path | None
) -> DatabaseUrl:
    missing = [name for name in _PG_PARTS if not parts[name]] + ["PG_PASSWORD"] * (not password)
    if missing:
        raise ConfigError(
            f"DB_ENGINE=postgres needs {', '.join(missing)}",
            hint="set them; a password may also come from a file named by PG_PASSWORD_FILE",
        )
    params = {keyword: parts[name] for name, keyword in _PG_PARTS.items()}
    params["port"] = str(env.integer("PG_PORT", 5432, least=1, most=65535))
    kept = "" if password_file else password
    return DatabaseUrl(
        "postgres", params=params, password=kept, password_file=password_file, origin="PG_*"
    )


def _long_enough(name: str, key: str) -> str:
    if key and len(key) < LEAST_SECRET:
        raise ConfigError(
            f"{name} holds a key of {len(key)} characters, expected at least {LEAST_SECRET}",
            hint="make one: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'",
        )
    return key


def _public_url(env: Env, name: str) -> str:
    text = env.text(name)
    if not text:
        return ""
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/"):
        raise ConfigError(
            f"{name}={text!r} is not accepted",
            hint="use the address that people type, without a path: https://bill.example.org",
        )
    # In small letters, as browsers write it when they say where a form was sent from.
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _networks(text: str) -> tuple[Network, ...]:
    words = text.replace(",", " ").split()
    expanded = [n for word in words for n in (_PRIVATE if word == "private" else (word,))]
    try:
        return tuple(ip_network(word) for word in expanded)
    except ValueError as error:
        raise ConfigError(
            f"TRUSTED_PROXIES is not accepted: {error}",
            hint="list addresses or networks, as in 10.0.0.5, 172.18.0.0/16, or the word private",
        ) from None
