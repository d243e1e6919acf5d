"""One description of a database, from a URL or from parts, that prints without its password."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field, replace
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qsl, unquote, urlencode

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import Conninfo

from backend.config.env import read_secret
from backend.config.url_parameters import refuse_foreign
from backend.errors import ConfigError

EngineName = Literal["sqlite", "postgres"]

_SCHEME = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*)://", re.ASCII)
_POSTGRES = {"postgres", "postgresql"}
_ACCEPTED = "use postgresql://user:password@host:5432/database or sqlite:///path/to/file.db"
_ENCODE = "percent-encode the user name and the password: @ is %40, / is %2F, : is %3A"


@dataclass(frozen=True)
class DatabaseUrl:
    """Where a database is and how to log in.

    `path` is set for SQLite; `params` (libpq keywords, without the password) for Postgres.
    `origin` is the variable or the flag that named it.
    """

    engine: EngineName
    _: KW_ONLY
    path: Path | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    password: str = field(default="", repr=False)
    password_file: Path | None = None
    origin: str = field(default="", repr=False, compare=False)

    def __str__(self) -> str:
        """Describe the database for people: everything but the password."""
        if self.engine == "sqlite":
            return f"sqlite:///{self.path}"
        where = self.params.get("host") or self.params.get("hostaddr") or "local socket"
        port = self.params.get("port", "5432")
        user = self.params.get("user", "")
        name = self.params.get("dbname", user)
        return f"postgresql://{user}@{where}:{port}/{name}"

    def conninfo(self, **extra: str | int) -> str:
        """Return the libpq connection string, password included: for libpq's eyes only.

        A password file is read anew each time, so a rotated password needs no restart.
        """
        password = self.current_password()
        secret = {"password": password} if password else {}
        return make_conninfo("", **{**extra, **self.params, **secret})

    def current_password(self) -> str:
        """Return the password as it is now; empty if there is none."""
        if self.password_file:
            return read_secret("the password file", self.password_file)
        return self.password

    def with_login(self, user: str, password: str) -> DatabaseUrl:
        """Return the same database with another login."""
        params = {**self.params, "user": user}
        return replace(self, params=params, password=password, password_file=None)

    def with_database(self, name: str) -> DatabaseUrl:
        """Return the same server and login with another database."""
        return replace(self, params={**self.params, "dbname": name})


def parse_database_url(text: str, *, name: str = "DATABASE_URL") -> DatabaseUrl:
    """Read a URL, or a `key=value` string as libpq knows it.

    Raises:
        ConfigError: names the variable and what is wrong with it, never what it holds.
    """
    text = _unquoted(text.strip())
    match = _SCHEME.match(text)
    if not match:
        return _postgres(name, text) if "=" in text.partition("/")[0] else _unreadable(name)
    scheme = match[1].lower().partition("+")[0]
    rest = text[match.end() :]
    if scheme == "sqlite":
        return _sqlite(name, rest)
    if scheme not in _POSTGRES:
        raise ConfigError(
            f"{name} begins with {scheme}://, which is no database we know", hint=_ACCEPTED
        )
    _refuse_raw_password(name, rest)
    return _postgres(name, "postgresql://" + _join_hosts(rest))


def _unquoted(text: str) -> str:
    for quote in "'\"":
        if len(text) > 1 and text[0] == text[-1] == quote:
            return text[1:-1].strip()
    return text


def _unreadable(name: str) -> DatabaseUrl:
    raise ConfigError(f"{name} is not a database URL", hint=_ACCEPTED)


def _sqlite(name: str, rest: str) -> DatabaseUrl:
    path = rest.removeprefix("/")
    if not rest.startswith("/") or not path or "?" in path or path == ":memory:":
        raise ConfigError(
            f"{name} names no SQLite file",
            hint="use sqlite:///relative/file.db or sqlite:////absolute/file.db",
        )
    return DatabaseUrl("sqlite", path=Path(unquote(path)), origin=name)


def _refuse_raw_password(name: str, rest: str) -> None:
    # libpq would take part of such a password for the host, and put it into DNS and logs.
    authority, _, tail = rest.partition("?")
    if (
        authority.count("@") > 1
        or "@" in authority.partition("/")[2]
        or "@" in tail.partition("=")[0]
    ):
        raise ConfigError(f"{name} holds an unencoded special character", hint=_ENCODE)


def _join_hosts(rest: str) -> str:
    """Turn SQLAlchemy's `?host=a:1&host=b:2` into libpq's `?host=a,b&port=1,2`."""
    base, _, query = rest.partition("?")
    pairs = parse_qsl(query, keep_blank_values=True)
    hosts = [value for key, value in pairs if key == "host"]
    if len(hosts) < 2:
        return rest
    split = [host.rpartition(":")[::2] if ":" in host else (host, "5432") for host in hosts]
    others = [pair for pair in pairs if pair[0] not in {"host", "port"}]
    joined = [("host", ",".join(h for h, _ in split)), ("port", ",".join(p for _, p in split))]
    return f"{base}?{urlencode([*joined, *others])}"


def _postgres(name: str, conninfo: str) -> DatabaseUrl:
    try:
        found = conninfo_to_dict(conninfo)
    except ProgrammingError:
        keywords = {one.keyword.decode() for one in Conninfo.get_defaults()}
        refuse_foreign(name, conninfo, keywords)
        # What libpq says about a string it cannot read contains the string, password and all.
        raise ConfigError(f"{name} cannot be read as a Postgres URL", hint=_ENCODE) from None
    params = {key: str(value) for key, value in found.items() if value is not None}
    password = params.pop("password", "")
    _check_ports(name, params.get("port", ""))
    return DatabaseUrl("postgres", params=params, password=password, origin=name)


def _check_ports(name: str, ports: str) -> None:
    for port in filter(None, ports.split(",")):
        if not (port.isascii() and port.isdecimal() and 0 < int(port) < 65536):
            # The port itself is not shown: it may be the tail of an unencoded password.
            raise ConfigError(
                f"{name} holds a port that is not a number from 1 to 65535",
                hint=f"{_ENCODE}; put an IPv6 address into [brackets]",
            )
