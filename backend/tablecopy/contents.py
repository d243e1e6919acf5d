"""What the tables of a target hold: rows that a load could lose."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from backend.db import sql
from backend.db.session import Session
from backend.errors import RefusedError

# More are counted no further.
_MOST = 1000

_COUNT = "SELECT count(*) FROM (SELECT FROM {} LIMIT {}) t"


@dataclass(frozen=True)
class Contents:
    """How many rows each table holds that holds any."""

    rows: Mapping[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        return ", ".join(
            f"{name} ({'more than 1000' if rows > _MOST else rows})"
            for name, rows in self.rows.items()
        )


def contents(session: Session, schema: str, tables: Iterable[str]) -> Contents:
    """Return what the tables hold; those without a row are left out."""
    found = {}
    for name in sorted(tables):
        count = sql.statement(_COUNT, sql.name(schema, name), sql.value(_MOST + 1))
        row = session.execute(count).fetchone()
        if row is not None and row[0]:
            found[name] = int(row[0])
    return Contents(found)


def refuse_unless_empty(session: Session, schema: str, tables: Iterable[str]) -> None:
    """Check that the tables hold nothing.

    Raises:
        RefusedError: names the tables and how many rows they hold.
    """
    found = contents(session, schema, tables)
    if found.rows:
        raise RefusedError(
            f"the target is not empty: {found}",
            hint="--update writes only what differs, --truncate gives up what is there",
        )
