"""Plan, apply, verify: first the server, then the app's database in it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from backend.bootstrap import cluster, schema
from backend.bootstrap.identity import note_identity
from backend.bootstrap.settings import BootstrapSettings
from backend.bootstrap.steps import Session, Step, apply
from backend.bootstrap.superuser import connect
from backend.db.locks import BOOTSTRAP, advisory_lock
from backend.errors import DatabaseError, FoundWanting

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
        done = _server(session, settings, passwords)
        with connect(settings, settings.database) as inside:
            done += _database(inside)
        _verify(session, settings, passwords)
        note_identity(session, settings)
    return done


def _server(session: Session, settings: BootstrapSettings, passwords: dict[str, str]) -> int:
    with session.transaction():
        # Each plan is read after the one before it was applied: rights need their roles.
        done = apply(session, list(cluster.role_steps(session)))
        done += apply(session, list(cluster.membership_steps(session)))
        done += apply(session, list(cluster.setting_steps(session)))
        done += apply(session, list(cluster.password_steps(session, passwords)))
    # CREATE DATABASE cannot run inside a transaction.
    done += apply(session, list(cluster.database_steps(session, settings.database)))
    with session.transaction():
        return done + apply(
            session, list(cluster.database_rights_steps(session, settings.database))
        )


def _database(session: Session) -> int:
    with session.transaction():
        return sum(
            apply(session, list(steps(session)))
            for steps in (schema.schema_steps, schema.default_steps, schema.relation_steps)
        )


def plan(session: Session, settings: BootstrapSettings, passwords: dict[str, str]) -> list[Step]:
    """Return every correction that the whole server needs now; nothing is changed."""
    with connect(settings, settings.database) as inside:
        return list(
            itertools.chain(
                cluster.role_steps(session),
                cluster.membership_steps(session),
                cluster.setting_steps(session),
                cluster.password_steps(session, passwords),
                cluster.database_steps(session, settings.database),
                cluster.database_rights_steps(session, settings.database),
                schema.schema_steps(inside),
                schema.default_steps(inside),
                schema.relation_steps(inside),
            )
        )


def _verify(session: Session, settings: BootstrapSettings, passwords: dict[str, str]) -> None:
    left = plan(session, settings, passwords)
    if left:
        raise FoundWanting(
            f"{len(left)} things are still not as they should be: {left[0].why}, …",
            hint="somebody else changes the same roles, or granted them with a grant option",
        )


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        # The primary message only: the statement may hold a verifier.
        said = error.diag.message_primary or type(error).__name__
        raise DatabaseError(f"Postgres refused a correction: {said}") from None
