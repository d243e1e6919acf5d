"""Name every row that breaks a constraint of the target, and every row that depends on one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from backend.errors import DataError
from backend.tablecopy.postgres.blueprint import Blueprint
from backend.tablecopy.postgres.breaches import BREACHES, COMMON, DEPENDANTS
from backend.tablecopy.postgres.session import Row, Session, translated


class OffenceKind(StrEnum):
    """Why a row cannot be as it is."""

    DUPLICATE = "duplicate"
    ORPHAN = "orphan"
    CHECK = "check"
    EXCLUSION = "exclusion"
    NO_PARTITION = "no partition"
    TRIGGER = "changed by a trigger"
    REFUSED = "refused"
    DEPENDANT = "dependant"


@dataclass(frozen=True)
class Offence:
    """A row that breaks `constraint` with `value`, or that refers to one that does."""

    table: str
    key: str
    kind: OffenceKind
    constraint: str
    value: str


@dataclass(frozen=True)
class Offences:
    """What was found: the first rows, and how many there are of each kind."""

    rows: tuple[Offence, ...] = ()
    counts: Mapping[OffenceKind, int] = field(default_factory=dict)

    @property
    def unnamed(self) -> int:
        """How many are counted alone."""
        return sum(self.counts.values()) - len(self.rows)


class OffendingRowsError(DataError):
    """Rows that cannot be together, or cannot be at all."""

    def __init__(self, found: Offences) -> None:
        self.found = found
        said = ", ".join(f"{count} × {kind}" for kind, count in found.counts.items())
        super().__init__(
            f"rows of the source break the target's constraints: {said}",
            hint="correct them in the source; the target is as it was",
        )


# Beyond this many nobody reads them one by one, and memory has to end somewhere.
_MOST_NAMED = 10_000

_MAKE = """
    CREATE TEMP TABLE tablecopy_bad (relation text, place tid, key text, kind text, name text,
        value text, turn int, UNIQUE (relation, place, name))"""
_READ = """
    SELECT relation, key, kind, name, value FROM pg_temp.tablecopy_bad
    ORDER BY turn, 1, 4, 5, 2 LIMIT %s"""
_COUNT = "SELECT kind, count(*) FROM pg_temp.tablecopy_bad GROUP BY kind"


def offences(session: Session, blueprint: Blueprint) -> Offences:
    """Look through all loaded tables and return what is wrong with them."""
    with translated("looking for rows that break a constraint"):
        first = _queries(session, blueprint, *BREACHES)
        later = _queries(session, blueprint, DEPENDANTS)
        session.execute(_MAKE)
        for query in first:
            session.execute(query)
        while sum(session.execute(query).rowcount for query in later):
            pass
        rows = session.execute(_READ, (_MOST_NAMED,)).fetchall()
        found: dict[str, int] = dict(session.execute(_COUNT).fetchall())
        session.execute("DROP TABLE pg_temp.tablecopy_bad")
    counts = {kind: found[kind] for kind in OffenceKind if kind in found}
    return Offences(tuple(_offence(row) for row in rows), counts)


def _queries(session: Session, blueprint: Blueprint, *parts: str) -> list[bytes]:
    values = {
        "schema": blueprint.schema,
        "shadow": blueprint.shadow,
        "tables": list(blueprint.tables),
    }
    # Undone, so that the queries themselves find the operators of the schema's own types.
    with session.transaction(force_rollback=True):
        session.execute("SET LOCAL search_path TO ''")
        found = [session.execute(f"{COMMON}{part}".encode(), values).fetchall() for part in parts]
    return [str(row[0]).encode() for rows in found for row in rows]


def _offence(row: Row) -> Offence:
    table, key, kind, constraint, value = row
    return Offence(table, key, OffenceKind(kind), constraint, value or "")
