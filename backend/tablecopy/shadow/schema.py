"""Tables to load into, beside the live ones and made like them, that nobody else can see."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from psycopg import sql

from backend.errors import DatabaseError
from backend.tablecopy.contents import NOTHING, Contents, contents, refuse_unless_empty
from backend.tablecopy.postgres.session import Session, translated
from backend.tablecopy.shadow.table_ddl import Blueprint, read_blueprint

log = logging.getLogger(__name__)

PREFIX = "tablecopy_load_"
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
    """Where the rows go, how the live tables were made, and what they held then.

    Without `seeds`, whatever they hold is given up.
    """

    blueprint: Blueprint
    seeds: Contents | None

    @property
    def name(self) -> str:
        """The schema that holds the tables until the swap."""
        return self.blueprint.shadow


def new_name() -> str:
    """Return a name for the schema of a shadow."""
    return PREFIX + secrets.token_hex(4)


def create_shadow(
    session: Session, schema: str, tables: Iterable[str], *, seeds: Contents | None = NOTHING
) -> Shadow:
    """Make an empty, bare copy of each table in a schema of its own.

    `seeds` is what migrations put into the tables; None gives up whatever is there.

    Raises:
        RefusedError: the tables hold more than that, or cannot be exchanged.
    """
    name = new_name()
    names = tuple(tables)
    with translated("preparing the target"):
        if seeds is not None:
            refuse_unless_empty(contents(session, schema, names), seeds)
        blueprint = read_blueprint(session, schema=schema, shadow=name, tables=names)
        with session.transaction():
            make_shadow(session, blueprint)
    return Shadow(blueprint, seeds)


@contextmanager
def shadow_for(
    session: Session, schema: str, tables: Iterable[str], *, seeds: Contents | None = NOTHING
) -> Iterator[Shadow]:
    """Make a shadow that goes away with the block, unless it has been swapped in by then."""
    shadow = create_shadow(session, schema, tables, seeds=seeds)
    try:
        yield shadow
    finally:
        try:
            drop_shadow(session, shadow.name)
        except DatabaseError as error:
            # What went wrong first is what matters; the next transfer finds what is left.
            log.warning("shadow schema stays for the next run name=%s: %s", shadow.name, error)


def make_shadow(session: Session, blueprint: Blueprint) -> None:
    """Make the schema, and in it the bare tables of a blueprint."""
    schema = sql.Identifier(blueprint.shadow)
    session.execute(sql.SQL("CREATE SCHEMA {}").format(schema))
    comment = sql.Literal(_COMMENT.format(blueprint.schema))
    session.execute(sql.SQL("COMMENT ON SCHEMA {} IS {}").format(schema, comment))
    for (owner,) in session.execute(_OWNERS, (blueprint.schema, list(blueprint.tables))).fetchall():
        # A table can be given only to somebody who could have made it there.
        grant = sql.SQL("GRANT USAGE, CREATE ON SCHEMA {} TO {}")
        session.execute(grant.format(schema, sql.Identifier(owner)))
    for statement in blueprint.part("create"):
        session.execute(statement.text.encode())


def left_over(session: Session, schema: str) -> list[str]:
    """Name what loads into this schema have left behind; ask only while nobody else loads."""
    values = (PREFIX, _COMMENT.format(schema))
    return [row[0] for row in session.execute(_LEFT_OVER, values)]


def drop_shadow(session: Session, name: str) -> None:
    """Remove a shadow schema and all that is in it."""
    # What still runs there for a process that was killed ends by itself within a second.
    with translated("removing a shadow schema"), session.transaction():
        session.execute("SET LOCAL lock_timeout = '30s'")
        statement = sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(name))
        session.execute(statement)
