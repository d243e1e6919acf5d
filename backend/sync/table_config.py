"""How each table of the app is synced: its natural key, its owner, columns that are special."""

from __future__ import annotations

from functools import cache

from backend import models
from backend.capture.model_tables import tables_of
from backend.capture.tables import SyncedTables, TableConfig
from backend.db.base import Base, data_tables

# Sessions, tokens and replies are not here: each database has its own.
_STAMPS = frozenset({"created_at", "updated_at"})
_COUNTERS = frozenset({"version"})


def _synced(**more: object) -> TableConfig:
    words = {"ignored": _STAMPS, "counters": _COUNTERS, "deleted": "deleted_at"}
    return TableConfig(**{**words, "changed": "updated_at", **more})  # type: ignore[arg-type] # by name


TABLE_CONFIGS = {
    models.User.__tablename__: _synced(
        natural_key=("email_key",),
        # How somebody types an address is no change of it.
        ignored=_STAMPS | {"email"},
        insert_only=frozenset({"password_hash", "status"}),
        check_scope="id",
    ),
    models.Group.__tablename__: _synced(check_scope="id"),
    models.GroupMember.__tablename__: _synced(
        natural_key=("group_id", "user_id"), check_scope="group_id"
    ),
    models.Order.__tablename__: _synced(check_scope="group_id"),
    # An order travels with all that was paid and is owed for it: half of it would not add up.
    models.OrderPayer.__tablename__: _synced(
        part_of="orders", root=("order_id",), check_scope="group_id"
    ),
    models.OrderShare.__tablename__: _synced(
        part_of="orders", root=("order_id",), check_scope="group_id"
    ),
    models.Settlement.__tablename__: _synced(check_scope="group_id"),
}


@cache
def app_tables() -> SyncedTables:
    """Return the tables of the app that travel, parents first."""
    return tables_of(Base.metadata, TABLE_CONFIGS)


@cache
def all_tables() -> SyncedTables:
    """Return every table that holds rows of people, for a copy that is to be exact."""
    return tables_of(Base.metadata, {table.name: TableConfig() for table in data_tables()})
