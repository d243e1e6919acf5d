"""Log in as the superuser, and change its password while everything runs.

A new password lies beside the old one, as `password.next`, until the server has taken it. Killed
at any moment, the next run finds one of the two accepted and goes on from there; a restart of the
database in between sets the old one again, and the next run begins anew.
"""

from __future__ import annotations

import logging
import secrets
import time
from pathlib import Path

from backend.bootstrap import scram
from backend.bootstrap.settings import SUPERUSER, BootstrapSettings
from backend.config.env import read_secret
from backend.db import private_files, sql
from backend.db.connect import ConnectParams, connect_directly
from backend.db.login_errors import LoginRefusedError
from backend.db.session import Session
from backend.errors import DatabaseError, TransientError

log = logging.getLogger(__name__)

# Statements here carry verifiers; the server must not write them down, slow or failing.
_QUIET = "-c log_min_duration_statement=-1 -c log_min_error_statement=panic -c lock_timeout=30s"
_RESTART = "docker compose -f deploy/docker-compose.prod.pg.yml restart db"
_CONNECT_SECONDS = 5


def connect(settings: BootstrapSettings, database: str = "postgres") -> Session:
    """Return a session in autocommit, once the server answers; finish a change that was begun.

    Raises:
        TransientError: the server did not answer in time.
        DatabaseError: the password was refused.
    """
    until = time.monotonic() + settings.wait_seconds
    while True:
        try:
            return _login(settings, database)
        except LoginRefusedError as error:
            raise DatabaseError(
                f"{error.args[0]}; the superuser's secret is not what the server was started with",
                hint=f"{_RESTART} sets it from the secret",
            ) from None
        except DatabaseError as error:
            if time.monotonic() > until:
                raise TransientError(
                    f"no login within {settings.wait_seconds} s: {error.args[0]}",
                    hint=f"{error.hint}; see the log of db",
                ) from None
        time.sleep(0.2)


def rotate(settings: BootstrapSettings) -> None:
    """Give the superuser a new random password; safe to kill, safe to repeat."""
    if not _pending(settings).exists():
        private_files.replace(
            _pending(settings), f"{secrets.token_urlsafe(36)}\n", mode=private_files.GROUP_READS
        )
    with connect(settings):
        log.info("bootstrap: the superuser has a new password")


def _login(settings: BootstrapSettings, database: str) -> Session:
    pending = _pending(settings)
    if not pending.exists():
        return _open(settings, settings.superuser_file, database)
    try:
        session = _open(settings, settings.superuser_file, database)
    except LoginRefusedError:
        # The server took the new one, and the run that gave it was killed before the rename.
        session = _open(settings, pending, database)
    _complete(session, settings.superuser_file, pending)
    return session


def _open(settings: BootstrapSettings, password_file: Path, database: str) -> Session:
    password = read_secret("SUPERUSER_PASSWORD_FILE", password_file)
    server = settings.server.with_login(SUPERUSER, password).with_database(database)
    params: ConnectParams = {
        "connect_timeout": _CONNECT_SECONDS,
        "application_name": "bootstrap",
        "options": _QUIET,
    }
    return connect_directly(server, params)


def _complete(session: Session, current: Path, pending: Path) -> None:
    password = read_secret("SUPERUSER_PASSWORD_FILE", pending)
    verifier = scram.make_verifier(session, SUPERUSER, password)
    session.execute(
        sql.statement("ALTER ROLE {} PASSWORD {}", sql.name(SUPERUSER), sql.value(verifier))
    )
    pending.replace(current)
    private_files.sync_folder(current.parent)


def _pending(settings: BootstrapSettings) -> Path:
    return settings.superuser_file.with_name(settings.superuser_file.name + ".next")
