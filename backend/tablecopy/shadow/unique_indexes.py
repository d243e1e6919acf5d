"""Take the unique indexes off a table while rows exchange their values, and put them back.

Postgres looks at unique values row by row, so that two rows cannot exchange theirs in one
statement. A value to stand in between for a moment is not always to be had (a CHECK or a reference
may refuse each), and a row that is deleted and put in again takes with it what refers to it ON
DELETE CASCADE. Nobody sees the table without its indexes: readers wait until they are back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from psycopg import errors, sql

from backend.schema.match import TablePair
from backend.tablecopy.postgres.session import Session
from backend.tablecopy.shadow.ddl_queries import definitions

# Not the key by which rows are found, nor what foreign keys hold on to, nor what is looked at when
# a statement ends anyway.
_UNIQUE = """
    SELECT c.oid, x.relname, k.conname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_index i ON i.indrelid = c.oid AND i.indisunique AND i.indimmediate
        AND NOT i.indisprimary AND NOT i.indisexclusion
    JOIN pg_class x ON x.oid = i.indexrelid
    LEFT JOIN pg_constraint k ON k.conindid = x.oid AND k.conrelid = c.oid AND k.contype = 'u'
    WHERE n.nspname = %s AND c.relname = %s AND NOT EXISTS (SELECT FROM pg_constraint f
            WHERE f.conindid = x.oid AND f.contype = 'f')
        AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL OR %s <> ARRAY(
            SELECT a.attname::text FROM unnest(i.indkey[0:i.indnkeyatts - 1]) key(number)
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = key.number ORDER BY 1))"""


@dataclass(frozen=True)
class Loose:
    """The statements that take the indexes of a table off, and that make them again."""

    off: tuple[str, ...] = ()
    on: tuple[str, ...] = ()


def in_any_order(session: Session, pairs: Iterable[TablePair], write: Callable[[], None]) -> None:
    """Write to these tables; where rows exchange unique values, again without their indexes.

    It belongs into a transaction.

    Raises:
        UniqueViolation: it is not their order: two rows want one value.
    """
    by_name = {pair.target.name: pair for pair in pairs}
    loose: dict[str, TablePair] = {}
    first: errors.UniqueViolation | None = None
    while True:
        try:
            with session.transaction(), _loosened(session, loose.values()):
                write()
                return
        except errors.UniqueViolation as error:
            first = first or error
            name = error.diag.table_name or ""
            if name in loose or name not in by_name:
                raise first from None
            loose[name] = by_name[name]


@contextmanager
def _loosened(session: Session, pairs: Iterable[TablePair]) -> Iterator[None]:
    found = [_read(session, pair) for pair in pairs]
    for one in found:
        _run(session, one.off)
    yield
    if any(one.on for one in found):
        # A table cannot be changed while references of its rows are still to be looked at.
        session.execute("SET CONSTRAINTS ALL IMMEDIATE")
    for one in found:
        _run(session, one.on)


def _run(session: Session, statements: Iterable[str]) -> None:
    for statement in statements:
        session.execute(statement.encode())


def _read(session: Session, pair: TablePair) -> Loose:
    table, key = pair.target, sorted(column.target.name for column in pair.key)
    unique = session.execute(_UNIQUE, (table.schema, table.name, key)).fetchall()
    if not unique:
        return Loose()
    with session.transaction():
        # Names then come out with their schema.
        session.execute("SET LOCAL search_path TO ''")
        rows = definitions(session, schema=table.schema, shadow=table.schema, oids=[unique[0][0]])
    names = {("index", row[1]) for row in unique} | {("key", row[2]) for row in unique}
    on = [row[3] for row in rows if (row[0], row[2]) in names]
    marks = [row[3] for row in rows if row[0] == "polish"]
    return Loose(tuple(_taken_off(pair, *row[1:]) for row in unique), (*on, *marks))


def _taken_off(pair: TablePair, index: str, constraint: str | None) -> str:
    table = pair.target
    if constraint is None:
        return sql.SQL("DROP INDEX {}").format(sql.Identifier(table.schema, index)).as_string()
    statement = sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}")
    name = sql.Identifier(table.schema, table.name)
    return statement.format(name, sql.Identifier(constraint)).as_string()
