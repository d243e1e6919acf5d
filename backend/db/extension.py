"""The app's session, and the provider that it asks which database to talk to.

No engine is bound at import: workers are forked, tests come and go, and a live cut-over changes
the database under a running process. A session asks once, with its first statement, and stays
with the answer, so that no transaction ever mixes two databases.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from flask import current_app
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from backend.db.base import Base
from backend.db.dialect import Dialect, PoolOptions, dialect_for

if TYPE_CHECKING:
    from flask import Flask

    from backend.config.database_url import DatabaseUrl

EXTENSION = "hesap_paylas_engines"
_CHOSEN = "hesap_paylas_engine"


class Engines:
    """Gives the engine of the database in use; makes it when it is first asked."""

    def __init__(self, database: DatabaseUrl, options: PoolOptions) -> None:
        self.database = database
        self.dialect: Dialect = dialect_for(database, options)
        self._engine: Engine | None = None
        self._lock = threading.Lock()

    def init_app(self, app: Flask) -> None:
        """Let the sessions of `app` ask this provider."""
        app.extensions[EXTENSION] = self

    def current(self) -> Engine:
        """Return the engine that new transactions belong on."""
        with self._lock:
            if self._engine is None:
                self._engine = self.dialect.create_engine()
            return self._engine

    def dispose(self) -> None:
        """Close every idle connection; the engine is made anew when it is next asked for."""
        with self._lock:
            if self._engine is not None:
                self._engine.dispose()
            self._engine = None


def engines() -> Engines:
    """Return the provider of the running app."""
    provider: Engines = current_app.extensions[EXTENSION]
    return provider


class EngineSession(Session):
    """A session that asks the provider once and stays with the answer."""

    def get_bind(self, *_args: Any, **_kwargs: Any) -> Engine:
        """Return the engine of this session."""
        if _CHOSEN not in self.info:
            self.info[_CHOSEN] = engines().current()
        chosen: Engine = self.info[_CHOSEN]
        return chosen


class Database(SQLAlchemy):
    """Flask-SQLAlchemy with the engine of our provider in place of one bound at start."""

    def _make_engine(self, bind_key: str | None, options: dict[str, Any], app: Flask) -> Engine:
        del bind_key, options
        provider: Engines = app.extensions[EXTENSION]
        return provider.current()

    def _teardown_session(self, exc: BaseException | None) -> None:
        try:
            super()._teardown_session(exc)
        except DBAPIError:
            # The connection broke while nobody was using it, and rolling back said so. What the
            # request had to tell is told; the pool has already thrown the connection away.
            self.session.registry.clear()


db = Database(
    model_class=Base,
    session_options={"class_": EngineSession, "expire_on_commit": False},
    disable_autonaming=True,
)
