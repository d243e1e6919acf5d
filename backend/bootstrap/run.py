"""Plan, apply, verify: first the server, then the app's database in it."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from backend.bootstrap import cluster, schema
from backend.bootstrap.corrections import Correction, apply
from backend.bootstrap.functions import function_corrections
from backend.bootstrap.settings import BootstrapSettings
from backend.bootstrap.superuser import connect
from backend.db import private_files
from backend.db.errors import PostgresError
from backend.db.locks import BOOTSTRAP, advisory_lock
from backend.db.session import Session
from backend.errors import DatabaseError, FoundWanting

log = logging.getLogger(__name__)

# The note about which cluster a stack's secrets belong to lies beside the superuser's secret, on
# another volume than the data. While it is there, the database does not begin an empty cluster
# (docker/postgres/check.sh): an emptied data folder is noticed by that.
NOTE = "cluster"
_IDENTIFIER = "SELECT system_identifier::text FROM pg_control_system()"
# Runs take turns; each takes seconds.
_TURN_SECONDS = 600


def bootstrap(settings: BootstrapSettings) -> int:
    """Bring the server into the state that the table of roles describes; return the corrections.

    Raises:
        FoundWanting: something is still different afterwards; says what.
    """
    passwords = settings.passwords()
    with (
        connect(settings) as session,
        advisory_lock(session, settings.server, BOOTSTRAP, wait=_TURN_SECONDS),
        _explained(),
    ):
        done = _correct_server(session, settings, passwords)
        with connect(settings, settings.database) as inside:
            done += _correct_database(inside)
        _verify(session, settings, passwords)
        _note_cluster(session, settings)
    return done


def _correct_server(
    session: Session, settings: BootstrapSettings, passwords: dict[str, str]
) -> int:
    with session.transaction():
        # Each plan is read after the one before it was applied: rights need their roles.
        done = apply(session, list(cluster.role_corrections(session)))
        done += apply(session, list(cluster.membership_corrections(session)))
        done += apply(session, list(cluster.setting_corrections(session)))
        done += apply(session, list(cluster.password_corrections(session, passwords)))
    # CREATE DATABASE cannot run inside a transaction.
    done += apply(session, list(cluster.database_corrections(session, settings.database)))
    with session.transaction():
        # pgBackRest logs in to this database, which every server has.
        done += apply(session, list(function_corrections(session)))
        return done + apply(
            session, list(cluster.database_rights_corrections(session, settings.database))
        )


def _correct_database(session: Session) -> int:
    with session.transaction():
        return sum(apply(session, list(planned(session))) for planned in schema.PLANS)


def plan(
    session: Session, settings: BootstrapSettings, passwords: dict[str, str]
) -> list[Correction]:
    """Return every correction that the whole server needs now; nothing is changed."""
    with connect(settings, settings.database) as inside:
        return list(
            itertools.chain(
                cluster.role_corrections(session),
                cluster.membership_corrections(session),
                cluster.setting_corrections(session),
                cluster.password_corrections(session, passwords),
                cluster.database_corrections(session, settings.database),
                function_corrections(session),
                cluster.database_rights_corrections(session, settings.database),
                *(planned(inside) for planned in schema.PLANS),
            )
        )


def _verify(session: Session, settings: BootstrapSettings, passwords: dict[str, str]) -> None:
    left = plan(session, settings, passwords)
    if left:
        raise FoundWanting(
            f"{len(left)} things are still not as they should be: {left[0].why}, …",
            hint="somebody else changes the same roles, or granted them with a grant option",
        )


def _note_cluster(session: Session, settings: BootstrapSettings) -> None:
    """Write the server's system identifier down, if another one or none is noted."""
    [(identifier,)] = session.execute(_IDENTIFIER).fetchall()
    note = settings.superuser_file.with_name(NOTE)
    if not note.exists() or note.read_text(encoding="utf-8").strip() != identifier:
        private_files.replace(note, f"{identifier}\n", mode=private_files.GROUP_READS)
        log.info("bootstrap: noted the cluster, %s", identifier)


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except PostgresError as error:
        # The primary message only: the statement may hold a verifier.
        said = error.diag.message_primary or type(error).__name__
        raise DatabaseError(f"Postgres refused a correction: {said}") from None
