"""The DDL of live tables: statements that create them again, with all that belongs to them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from backend.db.session import ResultRow, Session
from backend.db.sql import Sql, verbatim
from backend.errors import RefusedError
from backend.tablecopy.shadow.ddl_queries import table_rows
from backend.tablecopy.shadow.dependents import dependent_rows
from backend.tablecopy.shadow.swap_obstacles import Reason, swap_obstacles
from backend.tablecopy.target import table_oids

_STAY_HINT = (
    "--update leaves the tables in place, and with --delete does what --truncate does; or remove it"
    " for the transfer and put it back afterwards"
)


@dataclass(frozen=True)
class DdlStatement:
    """A statement about `table`: `part` says when it runs, `name` which object it is about.

    `refers` is the table of the same DDL that a foreign key refers to.
    """

    part: str
    table: str
    name: str
    text: str
    refers: str = ""

    @property
    def sql(self) -> Sql:
        """Return it as it can be run."""
        return verbatim(self.text)


@dataclass(frozen=True)
class TableDdl:
    """The statements for all tables; two are equal if nothing about the tables differs."""

    schema: str
    shadow: str
    tables: tuple[str, ...]
    statements: tuple[DdlStatement, ...]

    def part(self, *parts: str) -> tuple[DdlStatement, ...]:
        """Return the statements of these parts, in the order in which they can run."""
        return tuple(one for part in parts for one in self.statements if one.part == part)

    def run(self, session: Session, *parts: str) -> None:
        """Run the statements of these parts."""
        for one in self.part(*parts):
            session.execute(one.sql)


def read_table_ddl(
    session: Session, *, schema: str, shadow: str, tables: Iterable[str]
) -> TableDdl:
    """Read the DDL of the tables, and check that all of it can be run again.

    Raises:
        RefusedError: names what would be lost.
    """
    with session.transaction():
        # Names that are not Postgres's own then come out with their schema.
        session.execute("SET LOCAL search_path TO ''")
        ddl, reasons = inspect_table_ddl(session, schema=schema, shadow=shadow, tables=tables)
    if reasons:
        raise RefusedError(
            f"tables that cannot be exchanged: {'; '.join(map(': '.join, reasons))}",
            hint=_STAY_HINT,
        )
    return ddl


def inspect_table_ddl(
    session: Session, *, schema: str, shadow: str, tables: Iterable[str]
) -> tuple[TableDdl, list[Reason]]:
    """Return the DDL of the tables, and the reasons why they cannot be exchanged.

    The search path must be empty meanwhile.
    """
    names = tuple(sorted(tables))
    oids = table_oids(session, schema, names)
    rows = [
        *table_rows(session, schema=schema, shadow=shadow, oids=oids),
        *dependent_rows(session, schema=schema, oids=oids),
    ]
    reasons = [*swap_obstacles(session, oids), *_not_made_again(rows)]
    return TableDdl(schema, shadow, names, tuple(DdlStatement(*row) for row in rows)), reasons


def _not_made_again(rows: Iterable[ResultRow]) -> list[Reason]:
    return [(row[1], f"{row[2]} cannot be made again") for row in rows if row[3] is None]
