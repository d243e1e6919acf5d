"""Read tables from a MetaData that is handed in, as Postgres would have them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from backend.schema.tables import Column, ColumnType, ForeignKey, Table

if TYPE_CHECKING:
    import sqlalchemy as sa


def reflect_metadata(metadata: sa.MetaData) -> tuple[Table, ...]:
    """Return every table, parents first; the name of a type is Postgres' word for it."""
    return tuple(map(_table, metadata.sorted_tables))


def _table(table: sa.Table) -> Table:
    # Whoever has a MetaData has SQLAlchemy; workers have neither.
    from sqlalchemy import UniqueConstraint

    uniques = (each for each in table.constraints if isinstance(each, UniqueConstraint))
    foreign_keys = sorted(table.foreign_key_constraints, key=lambda one: str(one.name))
    return Table(
        table.name,
        tuple(_column(column) for column in table.c),
        tuple(column.name for column in table.primary_key),
        tuple(tuple(column.name for column in each.columns) for each in uniques),
        tuple(map(_foreign_key, foreign_keys)),
    )


def _column(column: sa.Column[Any]) -> Column:  # Any: whatever the column holds
    from sqlalchemy import make_url

    words = column.type.compile(make_url("postgresql+psycopg://").get_dialect()())
    full = words.lower().replace("varchar", "character varying")
    return Column(column.name, ColumnType(full.partition("(")[0], full), not column.nullable)


def _foreign_key(constraint: sa.ForeignKeyConstraint) -> ForeignKey:
    referred = tuple(element.column.name for element in constraint.elements)
    table = constraint.referred_table.name
    return ForeignKey(str(constraint.name), tuple(constraint.column_keys), table, referred)
