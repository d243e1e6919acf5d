"""The models' tables, as the table copy and the sync see them."""

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    DateTime,
    ForeignKeyConstraint,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)

import backend.models  # noqa: F401 - fills the MetaData
from backend.db.base import Base
from backend.schema.metadata import reflect_metadata
from backend.schema.tables import ForeignKey
from backend.values.kinds import kinds_of


def test_tables_come_parents_first_with_the_words_of_postgres() -> None:
    metadata = MetaData()
    Table(
        "child",
        metadata,
        Column("id", Uuid, primary_key=True),
        Column("parent", BigInteger, nullable=False),
        Column("name", String(20)),
        Column("note", Text),
        Column("day", Date),
        Column("at", DateTime(timezone=True)),
        ForeignKeyConstraint(["parent"], ["parent.id"], name="fk"),
        UniqueConstraint("name", "day"),
    )
    Table("parent", metadata, Column("id", BigInteger, primary_key=True))

    parent, child = reflect_metadata(metadata)

    assert (parent.name, parent.primary_key) == ("parent", ("id",))
    assert {column.name: (column.type.full, column.not_null) for column in child.columns} == {
        "id": ("uuid", True),
        "parent": ("bigint", True),
        "name": ("character varying(20)", False),
        "note": ("text", False),
        "day": ("date", False),
        "at": ("timestamp with time zone", False),
    }
    assert child.unique_keys == (("name", "day"),)
    assert child.foreign_keys == (ForeignKey("fk", ("parent",), "parent", ("id",)),)


def test_every_column_of_the_models_has_a_kind() -> None:
    columns = [
        f"{table.name}.{column.name}: {column.type.full}"
        for table in reflect_metadata(Base.metadata)
        for column in table.columns
        if not kinds_of("postgres", column.type.full)
    ]

    assert columns == []
