"""The Postgres database that is written to, and sessions on it whose settings are fixed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from backend.config.database_url import DatabaseUrl, parse_database_url
from backend.db import connect as db
from backend.db import sql
from backend.db.errors import translated
from backend.db.session import Session


@dataclass(frozen=True)
class Target:
    """Where to write: a libpq connection string, never shown, and a schema."""

    conninfo: str = field(repr=False)
    schema: str = "public"
    origin: str = ""

    def database(self, name: str) -> DatabaseUrl:
        """Return its address, with keepalives, for a session that the server shows by this name."""
        database = parse_database_url(self.conninfo, name=self.origin)
        fixed = {key: str(value) for key, value in db.KEEPALIVES.items()}
        return replace(database, params={**database.params, **fixed, "application_name": name})


def connect(target: Target, *, name: str, **settings: str) -> Session:
    """Log in with fixed settings; every statement is its own transaction unless a block says else.

    Raises:
        DatabaseError: the server does not answer, or does not let us in.
    """
    return _configured(db.connect(target.database(name), {}), target, name, settings)


def connect_directly(target: Target, *, name: str) -> Session:
    """Do the same, and check first that the session is ours until it ends.

    Raises:
        RefusedError: a pooler in transaction mode is in between.
    """
    return _configured(db.connect_directly(target.database(name), {}), target, name, {})


def _configured(
    session: Session, target: Target, name: str, settings: Mapping[str, str]
) -> Session:
    try:
        with translated(f"connecting as {name}"):
            path = sql.name(target.schema).as_string(session)
            db.configure(session, {**db.FIXED_SETTINGS, **settings, "search_path": path})
    except BaseException:
        session.close()
        raise
    return session
