"""What a failed login means: the thing by its name, and what to do about it.

libpq tells these apart by its words alone. Its words are shown only where nothing better is
known, and never with the password in them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import psycopg

from backend.config.database_url import DatabaseUrl
from backend.errors import AppError, ConfigError, DatabaseError, RefusedError, TransientError


class LoginRefusedError(DatabaseError):
    """The server does not know this login, or not this password."""


class NoRoomError(TransientError):
    """The server is there, and takes nobody in at the moment."""


@dataclass(frozen=True)
class Advice:
    """What to do where that depends on who runs the server.

    `{name}` stands for who named its address, `{seconds}` for how long a login may take.
    """

    closed: str = "is the server running, and does it listen there? check host and port in {name}"
    unknown_host: str = "check the host in {name}"
    timed_out: str = "check host and port in {name}, and whether a firewall is in between"
    not_allowed: str = "the server's pg_hba.conf names who may log in from where, and how"
    login: str = "check user and password in {name}, PGPASSWORD and ~/.pgpass"
    cut: str = "run it again; the server's log says why it hung up"
    full: str = (
        "end what else is connected (SELECT pid, usename, application_name FROM pg_stat_activity),"
        " or raise max_connections, or the CONNECTION LIMIT of the role or the database"
    )


_GENERAL = Advice()
_OWN_ADDRESS = (
    "give {name} the server's own address: a pooled one often has port 6432, or -pooler in its host"
)


@dataclass(frozen=True)
class _Way:
    """The way that was tried, and what libpq said at its end."""

    database: DatabaseUrl
    advice: Advice
    said: str

    @property
    def where(self) -> str:
        """Name host and port."""
        params = self.database.params
        host = params.get("host") or params.get("hostaddr") or "the local socket"
        return f"{host}:{params.get('port', '5432')}"

    @property
    def last_line(self) -> str:
        """Return what was said last, without the password."""
        line = self.said.strip().splitlines()[-1].strip() if self.said.strip() else "no reason"
        password = self.database.password
        return line.replace(password, "[password]") if password else line

    @property
    def origin(self) -> str:
        """Return who named the address."""
        return self.database.origin or "the address"

    def quoted(self, default: str) -> str:
        """Return the name that the server quotes: a role's or a database's."""
        found = re.search(r"(?:role|user|database) (\".*?\")", self.said)
        return found[1] if found else default

    def advised(self, template: str) -> str:
        """Return what to do, with the name of the variable in it."""
        seconds = self.database.params.get("connect_timeout", "some")
        return template.replace("{name}", self.origin).replace("{seconds}", seconds)


def login_error(error: psycopg.Error, database: DatabaseUrl, advice: Advice = _GENERAL) -> AppError:
    """Return our error for a failed login to `database`."""
    way = _Way(database, advice, str(error))
    if isinstance(error, psycopg.errors.ConnectionTimeout):
        return _timed_out(way)
    for pattern, trouble in _TROUBLES:
        if pattern.search(way.said):
            return trouble(way)
    return DatabaseError(
        f"no connection to {database}: {way.last_line}", hint=f"check {way.origin}"
    )


def pooler_error(database: DatabaseUrl) -> RefusedError:
    """Return the refusal of a pooler that gives each transaction another session."""
    return RefusedError(
        f"a pooler in transaction mode lies between us and {database}",
        hint=_OWN_ADDRESS.replace("{name}", database.origin or "the command"),
    )


def given_up(error: DatabaseError) -> DatabaseError:
    """Return what to end with when it is not to be tried again: the server does not answer."""
    if isinstance(error, NoRoomError) or not isinstance(error, TransientError):
        return error
    return DatabaseError(error.args[0], hint=error.hint)


def _timed_out(way: _Way) -> TransientError:
    return TransientError(
        f"connection to {way.where} timed out", hint=way.advised(way.advice.timed_out)
    )


def _closed(way: _Way) -> TransientError:
    return TransientError(f"connection refused by {way.where}", hint=way.advised(way.advice.closed))


def _unknown_host(way: _Way) -> DatabaseError:
    return DatabaseError(
        f"the host of {way.database} is unknown", hint=way.advised(way.advice.unknown_host)
    )


def _no_network(way: _Way) -> TransientError:
    return TransientError(
        f"the host of {way.database} cannot be looked up now", hint="is this machine online?"
    )


def _wrong_password(way: _Way) -> LoginRefusedError:
    return LoginRefusedError(
        f"{way.database} refuses the login: wrong user or password",
        hint=way.advised(way.advice.login),
    )


def _no_password(way: _Way) -> LoginRefusedError:
    return LoginRefusedError(
        f"{way.database} refuses the login: it asks for a password, and none was given",
        hint=f"put it into {way.origin}, PGPASSWORD or ~/.pgpass",
    )


def _no_such_role(way: _Way) -> LoginRefusedError:
    return LoginRefusedError(
        f"{way.database} refuses the login: there is no role {way.quoted('of this name')}",
        hint=f"check the user in {way.origin}, or make it: CREATE ROLE … LOGIN PASSWORD '…'",
    )


def _no_login(way: _Way) -> LoginRefusedError:
    role = way.quoted("it")
    return LoginRefusedError(
        f"{way.database} refuses the login: the role {role} may not log in",
        hint=f"name a role that may in {way.origin}, or ALTER ROLE {role} LOGIN",
    )


def _no_such_database(way: _Way) -> DatabaseError:
    name = way.quoted("of this name")
    return DatabaseError(
        f"there is no database for {way.database}: {name} does not exist",
        hint=f"check its name in {way.origin}, or make it: CREATE DATABASE {name}",
    )


def _no_connect(way: _Way) -> DatabaseError:
    name = way.quoted("it")
    return DatabaseError(
        f"{way.database} is not open to this role",
        hint=f"let its owner say GRANT CONNECT ON DATABASE {name} TO the role, or check the user"
        f" in {way.origin}",
    )


def _not_allowed(way: _Way) -> DatabaseError:
    return DatabaseError(
        f"{way.database} lets nobody in from this address"
        + (", or only encrypted" if "no encryption" in way.said else ""),
        hint=way.advised(way.advice.not_allowed),
    )


def _no_tls(way: _Way) -> DatabaseError:
    return DatabaseError(
        f"{way.where} does not speak TLS, and is asked to",
        hint=f"is it the right host? A server in your own network may do without: sslmode=prefer"
        f" in {way.origin}",
    )


def _bad_certificate(way: _Way) -> DatabaseError:
    return DatabaseError(
        f"the certificate of {way.where} is not one to trust",
        hint="sslrootcert=FILE names the authority that signed it; sslrootcert=system takes those"
        " of this machine; sslmode=require does not look at it",
    )


def _full(way: _Way) -> NoRoomError:
    return NoRoomError(
        f"{way.where} has no connection left for us", hint=way.advised(way.advice.full)
    )


def _not_yet(way: _Way) -> NoRoomError:
    return NoRoomError(f"{way.database} cannot take us in now", hint="run it again in a minute")


def _cut(way: _Way) -> TransientError:
    return TransientError(f"{way.where} hung up during the login", hint=way.advised(way.advice.cut))


def _bad_value(way: _Way) -> ConfigError:
    return ConfigError(f"{way.origin}: {way.last_line}", hint="correct it there")


def _pooler(way: _Way) -> RefusedError:
    return RefusedError(
        f"a pooler lies between us and {way.database}: {way.last_line}",
        hint=way.advised(_OWN_ADDRESS),
    )


# The order counts: "SSL" is also in what is said of a certificate.
_TROUBLES: tuple[tuple[re.Pattern[str], Callable[[_Way], AppError]], ...] = (
    (re.compile(r"unsupported startup parameter"), _pooler),
    (re.compile(r"invalid \S+ value"), _bad_value),
    (re.compile(r"no password supplied"), _no_password),
    (re.compile(r"authentication failed"), _wrong_password),
    (re.compile(r"role \".*\" does not exist"), _no_such_role),
    (re.compile(r"is not permitted to log in"), _no_login),
    (re.compile(r"no pg_hba\.conf entry|pg_hba\.conf rejects"), _not_allowed),
    (re.compile(r"database \".*\" does not exist"), _no_such_database),
    (re.compile(r"permission denied for database"), _no_connect),
    (re.compile(r"too many clients|too many conn|connection slots are|no more conn"), _full),
    (re.compile(r"starting up|shutting down|in recovery mode"), _not_yet),
    (re.compile(r"Temporary failure in name resolution|Errno -3\b"), _no_network),
    (re.compile(r"failed to resolve host|could not translate host"), _unknown_host),
    (re.compile(r"certificate|root\.crt"), _bad_certificate),
    (re.compile(r"does not support SSL"), _no_tls),
    (re.compile(r"timeout expired|timed out"), _timed_out),
    (re.compile(r"Connection refused|No such file or directory"), _closed),
    (re.compile(r"closed the connection|reset by peer|Broken pipe|SSL SYSCALL|(?i:\beof\b)"), _cut),
)
