"""The Flask-SQLAlchemy object, the declarative base, and the names of constraints."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import BigInteger, Engine, MetaData
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column

from backend.db.engines import EXTENSION, EngineSession
from backend.db.types import UtcDateTime, utc_now

if TYPE_CHECKING:
    from flask import Flask

    from backend.db.engines import Engines

# Every constraint has a name from day one: a later migration can only drop what it can name.
NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """What every model inherits."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)


class Synced:
    """Columns of rows that travel between databases: when they changed, and how often."""

    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now, onupdate=utc_now)
    deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column(BigInteger, default=1)

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:  # noqa: N805 # Any: what SQLAlchemy's mapper takes
        """Count every change, and refuse one that was made on an older version of the row."""
        return {"version_id_col": cls.version}


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
