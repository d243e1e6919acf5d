"""The Flask-SQLAlchemy object, which asks our provider for its engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from backend.db.base import Base
from backend.db.engines import EXTENSION, EngineSession

if TYPE_CHECKING:
    from flask import Flask

    from backend.db.engines import Engines


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
