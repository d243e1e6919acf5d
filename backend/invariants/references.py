"""Invariants about references: no row points at a row that is not there.

The databases hold this themselves, unless somebody wrote to SQLite without `foreign_keys = ON`.
"""

from __future__ import annotations

from functools import partial

from sqlalchemy import Executable, ForeignKeyConstraint, and_, select

from backend.db.base import Base
from backend.invariants.invariant import IdFilter, Invariant, Subject, broken_rows


def invariants() -> list[Invariant]:
    """Return one invariant for each foreign key of the models."""
    return [
        _rule(key)
        for table in Base.metadata.sorted_tables
        for key in sorted(table.foreign_key_constraints, key=lambda each: list(each.column_keys))
    ]


def _rule(key: ForeignKeyConstraint) -> Invariant:
    columns = ", ".join(key.column_keys)
    parent = key.referred_table.name
    words = " ".join(f"{column.name} {{{column.name}}}" for column in key.table.primary_key)
    return Invariant(
        f"orphans of {key.table.name} ({columns})",
        f"every row of {key.table.name} refers to a row of {parent} that is there",
        broken_rows(partial(_orphans, key), f"{key.table.name} {words}: no such row in {parent}"),
        Subject.REFERENCES,
    )


def _orphans(key: ForeignKeyConstraint, _within: IdFilter) -> Executable:
    child, parent = key.table, key.referred_table.alias("parent")
    pairs = [(part.parent, parent.c[part.column.name]) for part in key.elements]
    identity = list(child.primary_key)
    return (
        select(*identity)
        .outerjoin(parent, and_(*(own == other for own, other in pairs)))
        # A reference of which a part is NULL refers to nothing, and may.
        .where(pairs[0][1].is_(None), *(own.is_not(None) for own, _ in pairs if own.nullable))
        .order_by(*identity)
    )
