"""What the tables of a target hold: rows that a load could lose."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from backend.db import sql
from backend.db.session import Session
from backend.errors import RefusedError

# Migrations put in dozens of rows, not thousands; more are counted no further.
_MOST = 1000

_CONTENT = """
    SELECT count(*), coalesce(md5(string_agg(t.line, ',' ORDER BY t.line)), '')
    FROM (SELECT md5(r::text) AS line FROM {} r LIMIT {}) t"""


@dataclass(frozen=True)
class Contents:
    """What each table holds that holds anything: how many rows, and a digest of them all."""

    tables: Mapping[str, tuple[int, str]] = field(default_factory=dict)

    def __str__(self) -> str:
        return ", ".join(
            f"{name} ({'more than 1000' if rows > _MOST else rows})"
            for name, (rows, _) in self.tables.items()
        )


NOTHING = Contents()


def contents(session: Session, schema: str, tables: Iterable[str]) -> Contents:
    """Return what the tables hold; those without a row are left out."""
    found = {}
    for name in sorted(tables):
        table = sql.name(schema, name)
        query = sql.statement(_CONTENT, table, sql.value(_MOST + 1))
        row = session.execute(query).fetchone()
        if row is not None and row[0]:
            found[name] = (int(row[0]), str(row[1]))
    return Contents(found)


def refuse_unless_empty(found: Contents, seeds: Contents) -> None:
    """Check that the tables hold nothing but what the migrations put there.

    Raises:
        RefusedError: names the tables and how many rows they hold.
    """
    more = {name: held for name, held in found.tables.items() if seeds.tables.get(name) != held}
    if more:
        raise RefusedError(
            f"the target is not empty: {Contents(more)}",
            hint="--update writes only what differs, --truncate gives up what is there",
        )
