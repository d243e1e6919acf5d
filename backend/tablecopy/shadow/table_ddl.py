"""Everything that makes a set of live tables what they are, as statements that make them again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from backend.errors import RefusedError
from backend.tablecopy.postgres.session import Row, Session
from backend.tablecopy.postgres.tables import table_oids
from backend.tablecopy.shadow.ddl_queries import definitions
from backend.tablecopy.shadow.dependents import surroundings
from backend.tablecopy.shadow.swap_obstacles import Reason, swap_obstacles

_STAY_HINT = (
    "--update leaves the tables in place, and with --delete does what --truncate does; or remove it"
    " for the transfer and put it back afterwards"
)


@dataclass(frozen=True)
class Statement:
    """One step of making `table` again: `part` says when, `name` what it makes.

    `refers` is the table of the blueprint that a foreign key refers to.
    """

    part: str
    table: str
    name: str
    text: str
    refers: str = ""


@dataclass(frozen=True)
class Blueprint:
    """The statements for all tables; two blueprints are equal if nothing about them differs."""

    schema: str
    shadow: str
    tables: tuple[str, ...]
    statements: tuple[Statement, ...]

    def part(self, *parts: str) -> tuple[Statement, ...]:
        """Return the statements of these parts, in the order in which they can run."""
        return tuple(one for part in parts for one in self.statements if one.part == part)


def read_blueprint(
    session: Session, *, schema: str, shadow: str, tables: Iterable[str]
) -> Blueprint:
    """Read how the tables are made, and see that all of it can be made again.

    Raises:
        RefusedError: names what would be lost.
    """
    with session.transaction():
        # Whatever is not Postgres's own then comes out with its schema.
        session.execute("SET LOCAL search_path TO ''")
        blueprint, reasons = draft(session, schema=schema, shadow=shadow, tables=tables)
    if reasons:
        raise RefusedError(
            f"tables that cannot be exchanged: {'; '.join(map(': '.join, reasons))}",
            hint=_STAY_HINT,
        )
    return blueprint


def draft(
    session: Session, *, schema: str, shadow: str, tables: Iterable[str]
) -> tuple[Blueprint, list[Reason]]:
    """Return a blueprint, and why it could not be made, or not be made use of.

    The search path has to be empty meanwhile.
    """
    names = tuple(sorted(tables))
    oids = table_oids(session, schema, names)
    rows = _rows(session, schema=schema, shadow=shadow, oids=oids)
    reasons = [*swap_obstacles(session, oids), *_not_made_again(rows)]
    return Blueprint(schema, shadow, names, tuple(Statement(*row) for row in rows)), reasons


def _rows(session: Session, *, schema: str, shadow: str, oids: list[int]) -> list[Row]:
    return [
        *definitions(session, schema=schema, shadow=shadow, oids=oids),
        *surroundings(session, schema=schema, oids=oids),
    ]


def _not_made_again(rows: Iterable[Row]) -> list[Reason]:
    return [(row[1], f"{row[2]} cannot be made again") for row in rows if row[3] is None]
