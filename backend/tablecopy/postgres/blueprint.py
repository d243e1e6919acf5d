"""Everything that makes a set of live tables what they are, as statements that make them again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from backend.errors import RefusedError
from backend.tablecopy.postgres.definitions import definitions
from backend.tablecopy.postgres.session import Session
from backend.tablecopy.postgres.surroundings import obstacles, surroundings

_OIDS = """
    SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = %s AND c.relname = ANY(%s) AND c.relkind IN ('r', 'p') ORDER BY c.relname"""
_STAY_HINT = "remove it for the transfer and put it back afterwards, or use --update, which leaves"


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
    names = tuple(sorted(tables))
    with session.transaction():
        # Whatever is not Postgres's own then comes out with its schema.
        session.execute("SET LOCAL search_path TO ''")
        oids = [row[0] for row in session.execute(_OIDS, (schema, list(names)))]
        _refuse(obstacles(session, oids))
        rows = definitions(session, schema=schema, shadow=shadow, oids=oids)
        rows += surroundings(session, schema=schema, oids=oids)
    _refuse([f"{row[1]}: {row[2]} cannot be made again" for row in rows if row[3] is None])
    return Blueprint(schema, shadow, names, tuple(Statement(*row) for row in rows))


def _refuse(reasons: list[str]) -> None:
    if reasons:
        raise RefusedError(
            f"tables that cannot be exchanged: {'; '.join(reasons)}",
            hint=f"{_STAY_HINT} the tables in place",
        )
