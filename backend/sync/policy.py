"""Which tables of the app travel, and what makes their rows the same, new, deleted or powerful."""

from __future__ import annotations

from functools import cache

from backend import models
from backend.db.base import Base, data_tables
from backend.sync.model_tables import tables_of
from backend.sync.tables import Meaning, SyncedTables

# Sessions, tokens and replies are not here: each database has its own.
_STAMPS = frozenset({"created_at", "updated_at"})
_COUNTERS = frozenset({"version"})


def _synced(**more: object) -> Meaning:
    words = {"loose": _STAMPS, "counters": _COUNTERS, "deleted": "deleted_at"}
    return Meaning(**{**words, "changed": "updated_at", **more})  # type: ignore[arg-type] # by name


# An order travels with all that was paid and is owed for it: half of it would not add up.
_OF_AN_ORDER = {"part_of": "orders", "root": ("order_id",), "scope": "group_id"}

MEANINGS = {
    models.User.__tablename__: _synced(
        natural=("email_key",),
        # How somebody types an address is no change of it.
        loose=_STAMPS | {"email"},
        guarded=frozenset({"password_hash", "status"}),
        scope="id",
    ),
    models.Group.__tablename__: _synced(scope="id"),
    models.GroupMember.__tablename__: _synced(natural=("group_id", "user_id"), scope="group_id"),
    models.Order.__tablename__: _synced(scope="group_id"),
    models.OrderPayer.__tablename__: _synced(
        part_of="orders", root=("order_id",), scope="group_id"
    ),
    models.OrderShare.__tablename__: _synced(
        part_of="orders", root=("order_id",), scope="group_id"
    ),
    models.Settlement.__tablename__: _synced(scope="group_id"),
}


@cache
def app_tables() -> SyncedTables:
    """Return the tables of the app that travel, parents first."""
    return tables_of(Base.metadata, MEANINGS)


@cache
def all_tables() -> SyncedTables:
    """Return every table that holds rows of people, for a copy that is to be exact."""
    return tables_of(Base.metadata, {table.name: Meaning() for table in data_tables()})
