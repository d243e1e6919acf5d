"""Drop the unique indexes of a table while rows exchange their values, and create them again.

Postgres checks unique values row by row, so that two rows cannot exchange theirs in one statement.
There is not always a temporary value to use (a CHECK or a reference may refuse each), and deleting
a row to insert it again deletes what refers to it ON DELETE CASCADE. Nobody sees the table without
its indexes: readers wait until they are back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from backend.db import sql
from backend.db.errors import DUPLICATE
from backend.db.session import Session
from backend.schema.match import TablePair
from backend.tablecopy.shadow.ddl_queries import table_rows

# Not the key by which rows are found, nor those that foreign keys refer to, nor those that are
# checked when a statement ends anyway.
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
class _UniqueIndexes:
    """The statements that drop the unique indexes of a table, and that create them again."""

    drop: tuple[sql.Sql, ...] = ()
    create: tuple[sql.Sql, ...] = ()


def write_in_any_order(
    session: Session, pairs: Iterable[TablePair], write: Callable[[], None]
) -> None:
    """Write to these tables; if rows exchange unique values, again without unique indexes.

    Call it in a transaction.

    Raises:
        UniqueViolation: two rows have one value, in whichever order they are written.
    """
    by_name = {pair.target.name: pair for pair in pairs}
    without: dict[str, TablePair] = {}
    first: DUPLICATE | None = None
    while True:
        try:
            with session.transaction(), _dropped(session, without.values()):
                write()
                return
        except DUPLICATE as error:
            first = first or error
            name = error.diag.table_name or ""
            if name in without or name not in by_name:
                raise first from None
            without[name] = by_name[name]


@contextmanager
def _dropped(session: Session, pairs: Iterable[TablePair]) -> Iterator[None]:
    found = [_read(session, pair) for pair in pairs]
    for one in found:
        _run(session, one.drop)
    yield
    if any(one.create for one in found):
        # A table cannot be altered while deferred checks of its references are pending.
        session.execute("SET CONSTRAINTS ALL IMMEDIATE")
    for one in found:
        _run(session, one.create)


def _run(session: Session, statements: Iterable[sql.Sql]) -> None:
    for statement in statements:
        session.execute(statement)


def _read(session: Session, pair: TablePair) -> _UniqueIndexes:
    table, key = pair.target, sorted(column.target.name for column in pair.key)
    unique = session.execute(_UNIQUE, (table.schema, table.name, key)).fetchall()
    if not unique:
        return _UniqueIndexes()
    with session.transaction():
        # Names then come out with their schema.
        session.execute("SET LOCAL search_path TO ''")
        rows = table_rows(session, schema=table.schema, shadow=table.schema, oids=[unique[0][0]])
    names = {("index", row[1]) for row in unique} | {("key", row[2]) for row in unique}
    create = [row[3] for row in rows if (row[0], row[2]) in names]
    create += [row[3] for row in rows if row[0] == "marks"]
    drop = tuple(_drop(pair, *row[1:]) for row in unique)
    return _UniqueIndexes(drop, tuple(map(sql.verbatim, create)))


def _drop(pair: TablePair, index: str, constraint: str | None) -> sql.Sql:
    table = pair.target
    if constraint is None:
        return sql.statement("DROP INDEX {}", sql.name(table.schema, index))
    name = sql.name(table.schema, table.name)
    return sql.statement("ALTER TABLE {} DROP CONSTRAINT {}", name, sql.name(constraint))
