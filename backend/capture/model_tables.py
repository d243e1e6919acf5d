"""Read the tables that travel out of the models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from backend.capture.tables import SyncedColumn, SyncedTable, SyncedTables, TableConfig
from backend.errors import ConfigError
from backend.schema.metadata import reflect_metadata
from backend.schema.tables import Column, Table
from backend.values.kinds import ValueKind, kinds_of

if TYPE_CHECKING:
    from sqlalchemy import MetaData


def tables_of(metadata: MetaData, configs: Mapping[str, TableConfig]) -> SyncedTables:
    """Read the tables out of the models; `configs` says which of them travel, and how.

    Raises:
        ConfigError: a column is of a type that we cannot compare across engines.
    """
    tables = [table for table in reflect_metadata(metadata) if table.name in configs]
    found = [_synced_table(table, configs) for table in tables]
    for table in found:
        if table.key[: len(table.root_columns)] != table.root_columns:
            raise ConfigError(f"the key of {table.name} does not begin with its owner's")
        kinds = [column.kind for column in table.named(table.key)]
        if table.config.natural_key and kinds != [ValueKind.UUID]:
            raise ConfigError(f"rows of {table.name} cannot be paired: their key is no UUID")
    return SyncedTables(tuple(found))


def _synced_table(table: Table, configs: Mapping[str, TableConfig]) -> SyncedTable:
    key = table.primary_key
    return SyncedTable(
        table.name,
        tuple(_synced_column(table, column) for column in table.columns),
        key,
        tuple(each for each in table.foreign_keys if each.table in configs),
        # A unique key that holds the primary key forbids nothing that the primary key allows.
        tuple(names for names in table.unique_keys if not set(key) <= set(names)),
        configs[table.name],
    )


def _synced_column(table: Table, column: Column) -> SyncedColumn:
    for kind in kinds_of("postgres", column.type.full):
        return SyncedColumn(column.name, kind, not column.not_null)
    raise ConfigError(f"{table.name}.{column.name} is of a type that cannot be synced")
