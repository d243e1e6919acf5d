"""The schema of a shadow: tables to load into, beside the live ones and like them."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from backend.db import sql
from backend.db.errors import translated
from backend.db.session import Session
from backend.errors import DatabaseError
from backend.tablecopy.contents import refuse_unless_empty
from backend.tablecopy.shadow.table_ddl import TableDdl, read_table_ddl

log = logging.getLogger(__name__)

_PREFIX = "tablecopy_load_"
_COMMENT = "made by a transfer into schema {}; what a killed one leaves, the next one removes"

_LEFT_OVER = """
    SELECT n.nspname FROM pg_namespace n
    WHERE starts_with(n.nspname, %s) AND obj_description(n.oid, 'pg_namespace') = %s ORDER BY 1"""
_OWNERS = """
    SELECT DISTINCT r.rolname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_roles r ON r.oid = c.relowner
    WHERE n.nspname = %s AND c.relname = ANY(%s) AND r.rolname <> current_user"""


@dataclass(frozen=True)
class Shadow:
    """The tables that are loaded, with the DDL of the live ones.

    With `replaces`, the rows of the live tables are given up; else these must be empty.
    """

    ddl: TableDdl
    replaces: bool

    @property
    def name(self) -> str:
        """The schema that holds the tables until the swap."""
        return self.ddl.shadow


def new_shadow_name() -> str:
    """Return a name for the schema of a shadow."""
    return _PREFIX + secrets.token_hex(4)


def create_shadow(
    session: Session, schema: str, tables: Iterable[str], *, replaces: bool = False
) -> Shadow:
    """Create an empty, bare copy of each table in a schema of its own.

    Raises:
        RefusedError: the tables hold rows that are not given up, or cannot be exchanged.
    """
    name = new_shadow_name()
    names = tuple(tables)
    with translated("preparing the target"):
        if not replaces:
            refuse_unless_empty(session, schema, names)
        ddl = read_table_ddl(session, schema=schema, shadow=name, tables=names)
        with session.transaction():
            create_tables(session, ddl)
    return Shadow(ddl, replaces)


@contextmanager
def temporary_shadow(
    session: Session, schema: str, tables: Iterable[str], *, replaces: bool = False
) -> Iterator[Shadow]:
    """Create a shadow that is dropped after the block, unless it has been swapped in by then."""
    shadow = create_shadow(session, schema, tables, replaces=replaces)
    try:
        yield shadow
    finally:
        try:
            drop_shadow(session, shadow.name)
        except DatabaseError as error:
            # The first error is what matters; the next transfer finds what is left.
            log.warning("shadow schema stays for the next run name=%s: %s", shadow.name, error)


def create_tables(session: Session, ddl: TableDdl) -> None:
    """Create the schema, and in it the bare tables of this DDL."""
    schema = sql.name(ddl.shadow)
    session.execute(sql.statement("CREATE SCHEMA {}", schema))
    comment = sql.value(_COMMENT.format(ddl.schema))
    session.execute(sql.statement("COMMENT ON SCHEMA {} IS {}", schema, comment))
    for (owner,) in session.execute(_OWNERS, (ddl.schema, list(ddl.tables))).fetchall():
        # A table can be given only to somebody who could have made it there.
        grant = "GRANT USAGE, CREATE ON SCHEMA {} TO {}"
        session.execute(sql.statement(grant, schema, sql.name(owner)))
    ddl.run(session, "create")


def left_over_shadows(session: Session, schema: str) -> list[str]:
    """Return the shadows that killed loads left; call it while nobody else can load."""
    values = (_PREFIX, _COMMENT.format(schema))
    return [row[0] for row in session.execute(_LEFT_OVER, values)]


def drop_shadow(session: Session, name: str) -> None:
    """Drop a shadow schema and all that is in it."""
    # What still runs there for a process that was killed ends by itself within a second.
    with translated("removing a shadow schema"), session.transaction():
        session.execute("SET LOCAL lock_timeout = '30s'")
        session.execute(sql.statement("DROP SCHEMA IF EXISTS {} CASCADE", sql.name(name)))
