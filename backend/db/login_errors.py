"""What a failed login means: the thing by its name, and what to do about it.

libpq tells these apart by its words alone. Its words are shown only where nothing better is
known, and never with the password in them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass

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


def login_error(error: psycopg.Error, database: DatabaseUrl, advice: Advice = _GENERAL) -> AppError:
    """Return our error for a failed login to `database`."""
    words = _words(database, advice, str(error))
    if isinstance(error, psycopg.errors.ConnectionTimeout):
        return _TIMED_OUT.error(words)
    for cause in _CAUSES:
        if cause.pattern.search(str(error)):
            return cause.error(words)
    return DatabaseError(
        f"no connection to {database}: {words['last_line']}", hint=f"check {words['name']}"
    )


def pooler_error(database: DatabaseUrl) -> RefusedError:
    """Return the refusal of a pooler that gives each transaction another session."""
    return RefusedError(
        f"a pooler in transaction mode lies between us and {database}",
        hint=_OWN_ADDRESS.format(name=database.origin or "the command"),
    )


def given_up(error: DatabaseError) -> DatabaseError:
    """Return the error to end with after the last try; it no longer says to try again."""
    if isinstance(error, NoRoomError) or not isinstance(error, TransientError):
        return error
    return DatabaseError(error.args[0], hint=error.hint)


def _words(database: DatabaseUrl, advice: Advice, said: str) -> dict[str, str]:
    """Return what the messages and hints below have in their braces."""
    params = database.params
    host = params.get("host") or params.get("hostaddr") or "the local socket"
    known = {
        "name": database.origin or "the address",
        "seconds": params.get("connect_timeout", "some"),
    }
    # The name of a role or a database, as the server quotes it.
    found = re.search(r"(?:role|user|database) (\".*?\")", said)
    return {
        **known,
        **{key: template.format(**known) for key, template in asdict(advice).items()},
        "database": str(database),
        "where": f"{host}:{params.get('port', '5432')}",
        "last_line": _last_line(said, database.password),
        "quoted": found[1] if found else "of this name",
        "it": found[1] if found else "it",
        "or_encrypted": ", or only encrypted" if "no encryption" in said else "",
    }


def _last_line(said: str, password: str) -> str:
    line = said.strip().splitlines()[-1].strip() if said.strip() else "no reason"
    return line.replace(password, "[password]") if password else line


@dataclass(frozen=True)
class _Cause:
    """One cause of a failed login: libpq's words for it, and ours; braces hold `_words`."""

    pattern: re.Pattern[str]
    kind: type[AppError]
    message: str
    hint: str

    def error(self, words: Mapping[str, str]) -> AppError:
        """Return the error of this cause."""
        return self.kind(self.message.format(**words), hint=self.hint.format(**words))


_TIMED_OUT = _Cause(
    re.compile(r"timeout expired|timed out"),
    TransientError,
    "connection to {where} timed out",
    "{timed_out}",
)
# The order counts: "SSL" is also in what is said of a certificate.
_CAUSES = (
    _Cause(
        re.compile(r"unsupported startup parameter"),
        RefusedError,
        "a pooler lies between us and {database}: {last_line}",
        _OWN_ADDRESS,
    ),
    _Cause(
        re.compile(r"invalid \S+ value"), ConfigError, "{name}: {last_line}", "correct it there"
    ),
    _Cause(
        re.compile(r"no password supplied"),
        LoginRefusedError,
        "{database} refuses the login: it asks for a password, and none was given",
        "put it into {name}, PGPASSWORD or ~/.pgpass",
    ),
    _Cause(
        re.compile(r"authentication failed"),
        LoginRefusedError,
        "{database} refuses the login: wrong user or password",
        "{login}",
    ),
    _Cause(
        re.compile(r"role \".*\" does not exist"),
        LoginRefusedError,
        "{database} refuses the login: there is no role {quoted}",
        "check the user in {name}, or make it: CREATE ROLE … LOGIN PASSWORD '…'",
    ),
    _Cause(
        re.compile(r"is not permitted to log in"),
        LoginRefusedError,
        "{database} refuses the login: the role {it} may not log in",
        "name a role that may in {name}, or ALTER ROLE {it} LOGIN",
    ),
    _Cause(
        re.compile(r"no pg_hba\.conf entry|pg_hba\.conf rejects"),
        DatabaseError,
        "{database} lets nobody in from this address{or_encrypted}",
        "{not_allowed}",
    ),
    _Cause(
        re.compile(r"database \".*\" does not exist"),
        DatabaseError,
        "there is no database for {database}: {quoted} does not exist",
        "check its name in {name}, or make it: CREATE DATABASE {quoted}",
    ),
    _Cause(
        re.compile(r"permission denied for database"),
        DatabaseError,
        "{database} is not open to this role",
        "let its owner say GRANT CONNECT ON DATABASE {it} TO the role, or check the user in {name}",
    ),
    _Cause(
        re.compile(r"too many clients|too many conn|connection slots are|no more conn"),
        NoRoomError,
        "{where} has no connection left for us",
        "{full}",
    ),
    _Cause(
        re.compile(r"starting up|shutting down|in recovery mode"),
        NoRoomError,
        "{database} cannot take us in now",
        "run it again in a minute",
    ),
    _Cause(
        re.compile(r"Temporary failure in name resolution|Errno -3\b"),
        TransientError,
        "the host of {database} cannot be looked up now",
        "is this machine online?",
    ),
    _Cause(
        re.compile(r"failed to resolve host|could not translate host"),
        DatabaseError,
        "the host of {database} is unknown",
        "{unknown_host}",
    ),
    _Cause(
        re.compile(r"certificate|root\.crt"),
        DatabaseError,
        "the certificate of {where} is not one to trust",
        "sslrootcert=FILE names the authority that signed it; sslrootcert=system takes those of"
        " this machine; sslmode=require does not look at it",
    ),
    _Cause(
        re.compile(r"does not support SSL"),
        DatabaseError,
        "{where} does not speak TLS, and is asked to",
        "is it the right host? A server in your own network may do without: sslmode=prefer in"
        " {name}",
    ),
    _TIMED_OUT,
    _Cause(
        re.compile(r"Connection refused|No such file or directory"),
        TransientError,
        "connection refused by {where}",
        "{closed}",
    ),
    _Cause(
        re.compile(r"closed the connection|reset by peer|Broken pipe|SSL SYSCALL|(?i:\beof\b)"),
        TransientError,
        "{where} hung up during the login",
        "{cut}",
    ),
)
