"""How a database differs from the models, down to defaults, keys and checks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect

import backend.models  # noqa: F401 - fills the metadata
from backend.db.base import Base

_COMPARISONS = ["alembic.autogenerate.*", "alembic.ext.checkconstraint_byname"]

# Tables that other tools of ours put beside the models' and take away again.
_TOOLS_PREFIX = "tablecopy_"


@dataclass(frozen=True)
class Drift:
    """One thing that is not as the models say; `awaited` if a contract revision will end it."""

    text: str
    awaited: bool = False


def find_drift(connection: Connection, *, awaits_contract: bool = False) -> list[Drift]:
    """List every difference, in the words of somebody who wants to repair it."""
    context = MigrationContext.configure(connection, opts=comparison())
    found = [
        _described(step, awaits_contract=awaits_contract)
        for step in _flat(compare_metadata(context, Base.metadata))
    ]
    return [*found, *_primary_keys(connection), *_conditions(connection)]


def comparison() -> dict[str, Any]:  # keyword arguments of Alembic's configure()
    """Return the options by which Alembic compares."""
    return {
        "target_metadata": Base.metadata,
        "compare_type": True,
        "compare_server_default": True,
        "autogenerate_plugins": _COMPARISONS,
        "include_name": _is_ours,
    }


def _is_ours(name: str | None, kind: str, _parents: Any) -> bool:  # Alembic's own mapping
    return kind != "table" or not (name or "").startswith(_TOOLS_PREFIX)


def _flat(steps: list[Any]) -> Iterator[tuple[Any, ...]]:  # Alembic's own tuples
    for step in steps:
        if isinstance(step, list):
            yield from step
        else:
            yield step


def _described(step: tuple[Any, ...], *, awaits_contract: bool) -> Drift:
    kind = str(step[0])
    action, _, thing = kind.partition("_")
    if action == "modify":
        _, _, table, column, _, found, expected = step
        text = f"{table}.{column}: {thing} is {found!r}, expected {expected!r}"
        loosened = thing == "nullable" and bool(found)
        return Drift(text, awaited=awaits_contract and loosened)
    verb = {"add": "is missing", "remove": "is not in the models"}.get(action, "differs")
    awaited = awaits_contract and action == "remove"
    return Drift(f"{thing} {_name(thing, step)} {verb}", awaited=awaited)


def _name(thing: str, step: tuple[Any, ...]) -> str:
    if thing == "column":
        return f"{step[2]}.{step[3].name}"
    item = step[1]
    table = getattr(item, "table", None)
    return f"{item.name} on {table.name}" if table is not None else str(item.name)


def _primary_keys(connection: Connection) -> Iterator[Drift]:
    """Compare what Alembic does not."""
    inspector = inspect(connection)
    there = set(inspector.get_table_names())
    for table in Base.metadata.sorted_tables:
        expected = [column.name for column in table.primary_key]
        if table.name in there:
            found = inspector.get_pk_constraint(table.name)["constrained_columns"]
            if found != expected:
                yield Drift(f"{table.name}: primary key is {found}, expected {expected}")


def _conditions(connection: Connection) -> Iterator[Drift]:
    """Compare which indexes are partial; the words of a condition each engine changes."""
    inspector, option = inspect(connection), f"{connection.dialect.name}_where"
    there = set(inspector.get_table_names())
    for table in Base.metadata.sorted_tables:
        reflected = inspector.get_indexes(table.name) if table.name in there else []
        partial = {i["name"]: option in i.get("dialect_options", {}) for i in reflected}
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            expected = index.kwargs.get(option) is not None
            if partial.get(index.name, expected) != expected:
                word = "has no condition" if expected else "has a condition"
                yield Drift(f"index {index.name} on {table.name} {word}")
