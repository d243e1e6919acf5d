"""What a database holds, found out without touching it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection, inspect, select, text

from backend.db.schema_state import SchemaState
from backend.errors import RefusedError
from backend.migrate.history import REVISION_ID, Levels

VERSION_TABLE = "alembic_version"
STATE_TABLE = SchemaState.__tablename__

# Tables of the first version of the app, which kept integer ids and amounts as floats.
_MVP_TABLES = {"member_bills", "order_items"}


@dataclass(frozen=True)
class SchemaInspection:
    """The tables of a database, and what its own records say about them."""

    tables: frozenset[str] = frozenset()
    heads: tuple[str, ...] = ()
    levels: Levels | None = None

    @property
    def is_empty(self) -> bool:
        """Tell whether there is nothing yet, or only what a killed first migration left."""
        return self.tables <= {VERSION_TABLE} and not self.heads

    @property
    def is_ours(self) -> bool:
        """Tell whether the runner's own records are there, and in a form that it writes."""
        written_by_us = all(REVISION_ID.fullmatch(head) for head in self.heads)
        return bool(self.heads) and self.levels is not None and written_by_us


def inspect_schema(connection: Connection) -> SchemaInspection:
    """Read the names of the tables and the records of the runner."""
    tables = frozenset(inspect(connection).get_table_names())
    heads: tuple[str, ...] = ()
    levels: Levels | None = None
    if VERSION_TABLE in tables:
        rows = connection.execute(text("SELECT version_num FROM alembic_version"))
        heads = tuple(sorted(rows.scalars()))
    if STATE_TABLE in tables and heads:
        state = connection.execute(select(SchemaState.expand_level, SchemaState.contract_level))
        levels = next((Levels(*row) for row in state), None)
    return SchemaInspection(tables, heads, levels)


def refuse_what_is_not_ours(
    found: SchemaInspection, *, name: str, move_aside: Callable[[], str]
) -> None:
    """Check that the database is empty or was made by this runner.

    Raises:
        RefusedError: it holds somebody's tables; nothing has been touched.
    """
    if found.is_empty or found.is_ours:
        return
    names = sorted(found.tables - {VERSION_TABLE})
    listed = ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
    if found.tables >= _MVP_TABLES:
        raise RefusedError(
            f"{name} is a database of the first Hesap Paylaş (the MVP: integer ids, amounts as"
            f" floats), not of this one: {listed}",
            hint=f"nothing was touched. Keep it: its data can be brought over by the transfer"
            f" command of a later release. {move_aside()}",
        )
    raise RefusedError(
        f"{name} holds {len(names)} tables that these migrations did not make: {listed}",
        hint=f"nothing was touched. {move_aside()}",
    )
