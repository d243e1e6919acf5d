"""Put all rows together in temporary tables of the target, and see which could not be together.

What is unique, what a reference finds and what a CHECK says is for the target to decide: its
collations, its expressions, its functions. So it is asked, by the same queries that name the rows
a load has refused. Nothing of it lasts, and nobody else sees it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from enum import StrEnum

from psycopg import sql

from backend.db.sqlite_reader import file_errors
from backend.schema.match import TablePair
from backend.schema.tables import PostgresTable
from backend.tablecopy.encoder import Encoder, lenient_select
from backend.tablecopy.load import copy_statement
from backend.tablecopy.postgres.session import Session, translated
from backend.tablecopy.postgres.tables import own_rows
from backend.tablecopy.results import KeyRange
from backend.tablecopy.shadow.table_ddl import Blueprint
from backend.tablecopy.sqlite.connection import SourceConnection
from backend.tablecopy.sqlite.csv_chunks import read_chunk
from backend.tablecopy.sqlite.key_ranges import sample_ranges
from backend.tablecopy.violations import Offences, offences

_SCHEMA = "pg_temp"
_RANGE_ROWS = 5_000
# Sorting in memory is most of what looking for duplicates costs.
_MEMORY = "SET LOCAL work_mem = '64MB'"
# In an update, what the file says nothing of stays as it is in the target.
_COMPLETE = "UPDATE {copy} AS s SET {changes} FROM {rows} t WHERE {same}"
_KEEP = """
    INSERT INTO {copy} ({columns}) SELECT {columns} FROM {rows} t
    WHERE NOT EXISTS (SELECT FROM {copy} s WHERE {same})"""

# A domain's column takes all that the domain's own type takes, and NULL too. A sequence would
# count on, and no rollback takes that back.
_DEFINITION = """
    WITH RECURSIVE a AS (SELECT c.relname, a.*, t.typdefaultbin, t.typdefault
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            JOIN pg_type t ON t.oid = a.atttypid WHERE n.nspname = %s AND c.relname = %s),
        base AS (SELECT attnum, atttypid AS oid, atttypmod AS typmod FROM a UNION ALL
            SELECT b.attnum, t.typbasetype, t.typtypmod FROM base b
            JOIN pg_type t ON t.oid = b.oid AND t.typtype = 'd')
    SELECT format('CREATE TEMP TABLE %%I (%%s) ON COMMIT DROP', a.relname,
        string_agg(format('%%I %%s', a.attname, format_type(b.oid, b.typmod))
            || coalesce(' COLLATE ' || quote_ident(m.nspname) || '.' || quote_ident(l.collname), '')
            || CASE a.attgenerated WHEN '' THEN coalesce(' DEFAULT ' || coalesce(
                    pg_get_expr(f.adbin, f.adrelid), pg_get_expr(a.typdefaultbin, 0)), '')
                ELSE format(' GENERATED ALWAYS AS (%%s) %%s', pg_get_expr(f.adbin, f.adrelid),
                    CASE a.attgenerated WHEN 's' THEN 'STORED' ELSE 'VIRTUAL' END) END,
            ', ' ORDER BY a.attnum))
    FROM a JOIN base b ON b.attnum = a.attnum
        AND NOT EXISTS (SELECT FROM pg_type t WHERE t.oid = b.oid AND t.typtype = 'd')
    LEFT JOIN pg_attrdef f ON f.adrelid = a.attrelid AND f.adnum = a.attnum
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_attrdef'::regclass
            AND d.objid = f.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjid IN
                (SELECT s.oid FROM pg_class s WHERE s.relkind = 'S'))
    LEFT JOIN pg_collation l ON l.oid = a.attcollation
    LEFT JOIN pg_namespace m ON m.oid = l.collnamespace
    GROUP BY a.relname"""


class Beside(StrEnum):
    """What of the target's own rows would be beside those of the file."""

    NOTHING = "nothing"
    COLUMNS = "what the file says nothing of, in rows that both have"
    ROWS = "that, and the rows that only the target has"


def rehearse(
    session: Session,
    source: SourceConnection,
    encoders: Sequence[Encoder],
    beside: Beside = Beside.NOTHING,
) -> Offences:
    """Name every row that would break a constraint of the target; nothing stays of it.

    A bad value stands as NULL: what is said of its row's other values is true all the same.

    Raises:
        DataError: the target refuses a value for a reason that nobody here knows of (a domain's).
    """
    tables = [one.pair.target for one in encoders]
    schema = tables[0].schema if tables else ""
    names = tuple(table.name for table in tables)
    with (
        translated("rehearsing the load"),
        file_errors(source.path),
        session.transaction(force_rollback=True),
    ):
        session.execute(_MEMORY)
        for table in tables:
            _make_copy(session, table)
        for one in encoders:
            _fill(session, source, one)
            _add(session, one.pair, beside)
        return offences(session, Blueprint(schema, _SCHEMA, names, ()))


def _make_copy(session: Session, table: PostgresTable) -> None:
    """Make an empty table of the same name in `pg_temp`, without a constraint, in one heap."""
    with session.transaction():
        # Names then come out with their schema.
        session.execute("SET LOCAL search_path TO ''")
        row = session.execute(_DEFINITION, (table.schema, table.name)).fetchone()
        assert row is not None  # noqa: S101 - the table has been read a moment ago
        session.execute(str(row[0]).encode())


def _fill(session: Session, source: SourceConnection, encoder: Encoder) -> None:
    readers = [
        replace(encoder, select=lenient_select(encoder, sure=sure)) for sure in (True, False)
    ]
    statement = copy_statement(_SCHEMA, encoder)
    with session.cursor() as cursor, cursor.copy(statement) as copy:
        for key_range in sample_ranges(source, encoder.pair, rows=_RANGE_ROWS):
            for piece in _pieces(source, readers, key_range):
                copy.write(piece)
    session.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(_SCHEMA, encoder.pair.target.name)))


def _add(session: Session, pair: TablePair, beside: Beside) -> None:
    """Add what an update would leave in the target."""
    if beside is Beside.NOTHING:
        return
    travels = {column.target.name for column in pair.columns}
    columns = [one.name for one in pair.target.columns if not one.generated]
    names = [sql.Identifier(name) for name in columns]
    others = [sql.Identifier(name) for name in columns if name not in travels]
    filled = {
        "copy": sql.Identifier(_SCHEMA, pair.target.name),
        "rows": own_rows(pair.target),
        "columns": sql.SQL(", ").join(names),
        "changes": sql.SQL(", ").join(sql.SQL("{0} = t.{0}").format(one) for one in others),
        "same": _same_row(pair),
    }
    if others and pair.key:
        session.execute(sql.SQL(_COMPLETE).format(**filled))
    if beside is Beside.ROWS:
        session.execute(sql.SQL(_KEEP).format(**filled))


def _same_row(pair: TablePair) -> sql.Composable:
    """Say when a row of the target is one of the file's: by its key, or by all that it holds."""
    names = [sql.Identifier(one.target.name) for one in pair.key or pair.columns]
    if pair.key:
        return sql.SQL(" AND ").join(sql.SQL("t.{0} = s.{0}").format(one) for one in names)
    sides = [
        sql.SQL(", ").join(sql.SQL(f"{row}.{{}}").format(one) for one in names) for row in "ts"
    ]
    return sql.SQL("ROW({})::text = ROW({})::text").format(*sides)


def _pieces(
    source: SourceConnection, readers: Iterable[Encoder], key_range: KeyRange
) -> list[bytes]:
    """Read a range; if any of its text is not UTF-8, again with a look at each value."""
    for reader in readers:
        pieces: list[bytes] = []
        read_chunk(source, reader, key_range, pieces.append)
        try:
            for piece in pieces:
                piece.decode()
        except UnicodeDecodeError:
            continue
        break
    return pieces
