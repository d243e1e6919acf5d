"""The digest of a table: of all its rows, in one order, as the server writes them for COPY."""

from __future__ import annotations

from hashlib import sha256

from backend.backup.postgres.contents import TableContents
from backend.backup.postgres.database_objects import KeyColumn, StoredTable
from backend.db import sql
from backend.db.session import Session

_COPY = "COPY (SELECT * FROM ONLY {table} AS hesap_row ORDER BY {order}) TO STDOUT"
# Equal rows may change places: their texts are equal.
_WHOLE_ROW = '(hesap_row.*)::text COLLATE "C"'


def table_digest(session: Session, table: StoredTable) -> TableContents:
    """Read a table to its end and return what it holds.

    The session goes by FIXED_SETTINGS of `backend.db.connect`; two servers that do give the same
    digest if, and only if, every value of every row is the same.
    """
    digest, rows = sha256(usedforsecurity=False), 0
    with session.cursor() as cursor, cursor.copy(_query(table)) as copy:
        # One message of the protocol is one row.
        for row in copy:
            digest.update(row)
            rows += 1
    return TableContents(rows, digest.hexdigest())


def _query(table: StoredTable) -> sql.Sql:
    order = [_sorted_by(column) for column in table.key] or [sql.statement(_WHOLE_ROW)]
    return sql.statement(_COPY, table=table.sql_name, order=sql.join(", ", order))


def _sorted_by(column: KeyColumn) -> sql.SqlPart:
    name = sql.statement("hesap_row.{}", sql.name(column.name))
    return sql.statement('{} COLLATE "C"', name) if column.is_text else name
