"""What goes wrong on the way to a database, or on the way with it, and what to do about it."""

from __future__ import annotations

import psycopg
from psycopg import errors

from backend.config.database_url import DatabaseUrl
from backend.config.settings import RENDER_DATABASE_URL
from backend.db.errors import missing_right_hint, translate
from backend.db.login_errors import Advice
from backend.errors import AppError, ConfigError, DatabaseError, DataError, TransientError
from backend.sync.options import RENDER_URL_PLACE
from backend.sync.replica.refusals import Refusal, postgres_refusal

CONNECT_SECONDS = 30

_RENDER = Advice(
    closed="1. is it running? Dashboard → PostgreSQL → Logs"
    "   2. is access from here allowed? Dashboard → PostgreSQL → Networking (IP allow list)"
    f"   3. is {{name}} right? it is {RENDER_URL_PLACE}",
    unknown_host=f"is {{name}} right? it is {RENDER_URL_PLACE}: the internal one works inside"
    " Render only",
    timed_out="a free plan wakes slowly: wait and run it again (each try waits {seconds}"
    " seconds); if it comes back in the middle of a sync, take smaller batches, as in"
    " --batch-size 50",
    not_allowed="add it in Dashboard → PostgreSQL → Networking (IP allow list)",
    login=f"check {{name}} ({RENDER_URL_PLACE}), PGPASSWORD and ~/.pgpass",
    cut="run it again; a Render database also hangs up on addresses that its IP allow list"
    " (Dashboard → PostgreSQL → Networking) does not name",
)


def no_such_file(database: DatabaseUrl) -> ConfigError:
    """Say that there is no local file, and how it comes to be."""
    return ConfigError(
        f"there is no SQLite file at {database.path}",
        hint="make it with python backend/db_migrate.py, or name another one with --local PATH",
    )


def advice_for(database: DatabaseUrl) -> Advice:
    """Return what to do when nobody can log in to `database`."""
    host = database.params.get("host", "")
    is_render = database.origin == RENDER_DATABASE_URL or host.endswith(".render.com")
    return _RENDER if is_render else Advice()


def not_accepted(refusal: Refusal) -> AppError:
    """Say that a row was refused: by what somebody has written meanwhile, or for good."""
    if refusal.may_pass:
        return TransientError(
            f"a row was refused by {refusal.says}: somebody has written something meanwhile that it"
            " does not go with",
            hint="run it again; if it stays, status says what differs",
        )
    return DataError(
        f"a row was refused: {refusal.says}",
        hint="compare the schemas of both sides: one of them has a rule that the other one has not",
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
    if (refusal := postgres_refusal(error)) is not None:
        return not_accepted(refusal)
    if state == "42501":
        said = error.diag.message_primary or state
        return DatabaseError(f"the login lacks a right: {said}", hint=missing_right_hint(said))
    if not state and isinstance(error, psycopg.OperationalError):
        return TransientError(
            "the connection to the server was lost",
            hint="see whether this machine is online, then run it again: what was written is whole",
        )
    known = translate(error)
    if known is not None:
        return known
    return DatabaseError(f"the server refuses a statement: {error.diag.message_primary or state}")
