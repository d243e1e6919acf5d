"""Read the tables that travel out of the models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.types import TypeDecorator, TypeEngine

from backend.capture.tables import (
    Kind,
    Reference,
    SyncedColumn,
    SyncedTable,
    SyncedTables,
    TableConfig,
)
from backend.errors import ConfigError

# In this order: what is asked first wins.
_KINDS: tuple[tuple[type[TypeEngine[Any]], Kind], ...] = (  # Any: types of every kind of value
    (Uuid, Kind.UUID),
    (DateTime, Kind.MOMENT),
    (Date, Kind.DATE),
    (Boolean, Kind.FLAG),
    (Integer, Kind.WHOLE),
    (String, Kind.TEXT),
)


def tables_of(metadata: MetaData, configs: Mapping[str, TableConfig]) -> SyncedTables:
    """Read the tables out of the models; `configs` says which of them travel, and how.

    Raises:
        ConfigError: a column is of a type that we cannot compare across engines.
    """
    found = [_table(table, configs) for table in metadata.sorted_tables if table.name in configs]
    for table in found:
        if table.key[: len(table.root_columns)] != table.root_columns:
            raise ConfigError(f"the key of {table.name} does not begin with its owner's")
        if table.config.natural_key and [c.kind for c in table.named(table.key)] != [Kind.UUID]:
            raise ConfigError(f"rows of {table.name} cannot be paired: their key is no UUID")
    return SyncedTables(tuple(found))


def _table(table: Table, configs: Mapping[str, TableConfig]) -> SyncedTable:
    key = tuple(column.name for column in table.primary_key)
    return SyncedTable(
        table.name,
        tuple(
            SyncedColumn(column.name, _kind(column), bool(column.nullable)) for column in table.c
        ),
        key,
        tuple(
            _reference(each)
            for each in sorted(table.foreign_key_constraints, key=lambda one: str(one.name))
            if each.referred_table.name in configs
        ),
        # A unique key that holds the primary key forbids nothing that the primary key allows.
        tuple(
            names
            for each in table.constraints
            if isinstance(each, UniqueConstraint)
            and not set(key) <= set(names := tuple(column.name for column in each.columns))
        ),
        configs[table.name],
    )


def _reference(constraint: ForeignKeyConstraint) -> Reference:
    referred = tuple(element.column.name for element in constraint.elements)
    return Reference(tuple(constraint.column_keys), constraint.referred_table.name, referred)


def _kind(column: Column[Any]) -> Kind:  # Any: whatever the column holds
    held = column.type.impl if isinstance(column.type, TypeDecorator) else column.type
    for known, kind in _KINDS:
        if isinstance(held, known):
            return kind
    raise ConfigError(f"{column.table.name}.{column.name} is of a type that cannot be synced")
