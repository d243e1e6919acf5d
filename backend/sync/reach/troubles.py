"""What goes wrong on the way to a database: the thing by its name, and what to do about it.

libpq tells these apart by its words alone. Its words are shown only where nothing better is
known, and never with the password in them.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import psycopg
from psycopg import errors

from backend.config.database_url import DatabaseUrl
from backend.db.errors import translate
from backend.errors import AppError, ConfigError, DatabaseError, TransientError

CONNECT_SECONDS = 30

_CHECK_URL = "the External Database URL of Dashboard → PostgreSQL → Connect"
_LOGIN = re.compile(r"authentication failed|no password supplied|role \".*\" does not exist")
_STARTING = re.compile(r"starting up|shutting down|in recovery mode|too many clients|too many conn")


def not_configured() -> ConfigError:
    """Say how the hosted database is named."""
    return ConfigError(
        "RENDER_DATABASE_URL not found",
        hint="check: grep RENDER_DATABASE_URL .env"
        "   add: echo 'RENDER_DATABASE_URL=postgresql://…' >> .env"
        f"   (its value: {_CHECK_URL})",
    )


def no_such_file(database: DatabaseUrl) -> ConfigError:
    """Say that there is no local file, and how it comes to be."""
    return ConfigError(
        f"there is no SQLite file at {database.path}",
        hint="make it with python backend/db_migrate.py, or name another one with"
        " --local sqlite:///PATH",
    )


def on_the_way(error: psycopg.Error, database: DatabaseUrl, name: str) -> AppError:
    """Say why nobody could log in to `database`, whose address came from `name`."""
    if isinstance(error, errors.ConnectionTimeout):
        return _timed_out(database)
    said = str(error)
    for pattern, trouble in _TROUBLES:
        if pattern.search(said):
            return trouble(database, name)
    words = _last_line(said, database)
    return DatabaseError(f"no connection to {database}: {words}", hint=f"check {name}")


def overtaken(constraint: str) -> TransientError:
    """Say that a row was refused: we had looked, but somebody was faster than we."""
    return TransientError(
        f"a row was refused{f' by {constraint}' if constraint else ''}: somebody has written"
        " something meanwhile that it does not go with",
        hint="run it again; if it stays, status says what differs",
    )


def underway(error: psycopg.Error) -> AppError:
    """Say what broke after the login: the run, which can be repeated, is over."""
    state = error.sqlstate or ""
    if isinstance(error, errors.QueryCanceled):
        return TransientError(
            "the server took too long over one statement",
            hint="a free plan is slow: wait and run it again, or take smaller batches, as in"
            " --batch-size 50",
        )
    if state.startswith("23"):
        return overtaken(error.diag.constraint_name or "")
    if state == "42501":
        return DatabaseError(
            f"the login lacks a right: {error.diag.message_primary}",
            hint="log in as the owner of the tables",
        )
    if not state and isinstance(error, psycopg.OperationalError):
        return TransientError(
            "the connection to the server was lost",
            hint="see whether this machine is online, then run it again: what was written is whole",
        )
    known = translate(error)
    if known is not None:
        return known
    return DatabaseError(f"the server refuses a statement: {error.diag.message_primary or state}")


def _where(database: DatabaseUrl) -> str:
    host = database.params.get("host") or database.params.get("hostaddr") or "the local socket"
    return f"{host}:{database.params.get('port', '5432')}"


def _timed_out(database: DatabaseUrl) -> TransientError:
    seconds = database.params.get("connect_timeout", CONNECT_SECONDS)
    return TransientError(
        f"connection to {_where(database)} timed out",
        hint=f"a free plan wakes slowly: wait and run it again (each try waits {seconds} seconds);"
        " if it comes back in the middle of a sync, take smaller batches, as in"
        " --batch-size 50",
    )


def _refused(database: DatabaseUrl, name: str) -> TransientError:
    return TransientError(
        f"connection refused by {_where(database)}",
        hint="1. is it running? Dashboard → PostgreSQL → Logs"
        "   2. is access from here allowed? Dashboard → PostgreSQL → Networking (IP allow list)"
        f"   3. is {name} right? it is {_CHECK_URL}",
    )


def _not_resolved(database: DatabaseUrl, name: str) -> DatabaseError:
    return DatabaseError(
        f"the host of {database} is unknown",
        hint=f"is {name} right? it is {_CHECK_URL}: the internal one works inside Render only",
    )


def _no_network(database: DatabaseUrl, _name: str) -> TransientError:
    return TransientError(
        f"the host of {database} cannot be looked up now", hint="is this machine online?"
    )


def _wrong_password(database: DatabaseUrl, name: str) -> DatabaseError:
    return DatabaseError(
        f"{database} refuses the login: wrong user or password",
        hint=f"check {name} ({_CHECK_URL}), PGPASSWORD and ~/.pgpass",
    )


def _no_such_database(database: DatabaseUrl, name: str) -> DatabaseError:
    return DatabaseError(f"there is no database for {database}", hint=f"check its name in {name}")


def _not_allowed(database: DatabaseUrl, _name: str) -> DatabaseError:
    return DatabaseError(
        f"{database} lets nobody in from this address",
        hint="add it in Dashboard → PostgreSQL → Networking (IP allow list)",
    )


def _no_tls(database: DatabaseUrl, _name: str) -> DatabaseError:
    return DatabaseError(
        f"{_where(database)} does not speak TLS, and is asked to",
        hint="a hosted database does: is this its host? One in your own network is named by its"
        " address there, as in 192.168.0.5",
    )


def _bad_certificate(database: DatabaseUrl, _name: str) -> DatabaseError:
    return DatabaseError(
        f"the certificate of {_where(database)} is not one to trust",
        hint="sslrootcert=FILE names the authority that signed it; sslrootcert=system takes those"
        " of this machine; sslmode=require does not look at it",
    )


def _not_yet(database: DatabaseUrl, _name: str) -> TransientError:
    return TransientError(f"{database} cannot take us in now", hint="run it again in a minute")


def _cut(database: DatabaseUrl, _name: str) -> TransientError:
    return TransientError(
        f"{_where(database)} hung up during the login",
        hint="run it again; a Render database also hangs up on addresses that its IP allow list"
        " (Dashboard → PostgreSQL → Networking) does not name",
    )


# The order counts: "SSL" is also in what is said of a certificate.
_TROUBLES: tuple[tuple[re.Pattern[str], Callable[[DatabaseUrl, str], AppError]], ...] = (
    (_LOGIN, _wrong_password),
    (re.compile(r"no pg_hba\.conf entry"), _not_allowed),
    (re.compile(r"database \".*\" does not exist"), _no_such_database),
    (_STARTING, _not_yet),
    (re.compile(r"Temporary failure in name resolution|Errno -3\b"), _no_network),
    (re.compile(r"failed to resolve host|could not translate host"), _not_resolved),
    (re.compile(r"certificate|root\.crt"), _bad_certificate),
    (re.compile(r"does not support SSL"), _no_tls),
    (re.compile(r"timeout expired|timed out"), lambda database, _: _timed_out(database)),
    (re.compile(r"Connection refused|No such file or directory"), _refused),
    (re.compile(r"closed the connection|reset by peer|Broken pipe|SSL SYSCALL|(?i:\beof\b)"), _cut),
)


def _last_line(said: str, database: DatabaseUrl) -> str:
    line = said.strip().splitlines()[-1].strip() if said.strip() else "no reason was given"
    return line.replace(database.password, "[password]") if database.password else line
