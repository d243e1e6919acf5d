"""Check the rows of a source against the constraints of the target, before anything is loaded.

All rows are put into temporary tables of the target. Its collations, expressions and functions
decide what is unique, what a reference finds and what a CHECK says, so the target is asked, by the
same queries that name the rows a load has refused. Nothing of it lasts, and nobody else sees it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from enum import StrEnum

from backend.db import sql
from backend.db.errors import translated
from backend.db.session import Session
from backend.db.sqlite_reader import file_errors
from backend.schema.match import TablePair
from backend.schema.tables import PostgresTable
from backend.tablecopy.encoder import Encoder, lenient_select
from backend.tablecopy.load import copy_statement
from backend.tablecopy.results import KeyRange
from backend.tablecopy.sqlite.connection import SourceConnection
from backend.tablecopy.sqlite.csv_chunks import read_chunk
from backend.tablecopy.sqlite.key_ranges import sample_ranges
from backend.tablecopy.target import own_rows
from backend.tablecopy.violations import RowViolations, find_violations

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


class KeptRows(StrEnum):
    """What a run keeps of the target's own rows."""

    NOTHING = "nothing"
    COLUMNS = "the columns that the file lacks, in rows that both have"
    ROWS = "these columns, and the rows that only the target has"


def check_constraints(
    session: Session,
    source: SourceConnection,
    encoders: Sequence[Encoder],
    kept: KeptRows = KeptRows.NOTHING,
) -> RowViolations:
    """Name every row that would break a constraint of the target; nothing stays of it.

    A bad value stands as NULL: what is said of its row's other values is true all the same.

    Raises:
        DataError: the target refuses a value for a reason that nobody here knows of (a domain's).
    """
    tables = [one.pair.target for one in encoders]
    schema = tables[0].schema if tables else ""
    names = [table.name for table in tables]
    with (
        translated("checking the constraints"),
        file_errors(source.path),
        session.transaction(force_rollback=True),
    ):
        session.execute(_MEMORY)
        for table in tables:
            _make_copy(session, table)
        for one in encoders:
            _fill(session, source, one)
            _add_kept(session, one.pair, kept)
        return find_violations(session, schema=schema, shadow=_SCHEMA, tables=names)


def _make_copy(session: Session, table: PostgresTable) -> None:
    """Make an empty table of the same name in `pg_temp`, without a constraint, in one heap."""
    with session.transaction():
        # Names then come out with their schema.
        session.execute("SET LOCAL search_path TO ''")
        row = session.execute(_DEFINITION, (table.schema, table.name)).fetchone()
        assert row is not None  # noqa: S101 - the table has been read a moment ago
        session.execute(sql.verbatim(row[0]))


def _fill(session: Session, source: SourceConnection, encoder: Encoder) -> None:
    readers = [
        replace(encoder, select=lenient_select(encoder, sure=sure)) for sure in (True, False)
    ]
    statement = copy_statement(_SCHEMA, encoder)
    with session.cursor() as cursor, cursor.copy(statement) as copy:
        for key_range in sample_ranges(source, encoder.pair, rows=_RANGE_ROWS):
            for piece in _pieces(source, readers, key_range):
                copy.write(piece)
    session.execute(sql.statement("ANALYZE {}", sql.name(_SCHEMA, encoder.pair.target.name)))


def _add_kept(session: Session, pair: TablePair, kept: KeptRows) -> None:
    """Add what an update would keep of the target's own rows."""
    if kept is KeptRows.NOTHING:
        return
    copied = {column.target.name for column in pair.columns}
    columns = [one.name for one in pair.target.columns if not one.generated]
    names = [sql.name(name) for name in columns]
    others = [sql.name(name) for name in columns if name not in copied]
    filled = {
        "copy": sql.name(_SCHEMA, pair.target.name),
        "rows": own_rows(pair.target),
        "columns": sql.join(", ", names),
        "changes": sql.join(", ", (sql.statement("{0} = t.{0}", one) for one in others)),
        "same": _same_row(pair),
    }
    if others and pair.key:
        session.execute(sql.statement(_COMPLETE, **filled))
    if kept is KeptRows.ROWS:
        session.execute(sql.statement(_KEEP, **filled))


def _same_row(pair: TablePair) -> sql.SqlPart:
    """Return the condition that rows of both are the same: by their key, or by every value."""
    names = [sql.name(one.target.name) for one in pair.key or pair.columns]
    if pair.key:
        return sql.join(" AND ", (sql.statement("t.{0} = s.{0}", one) for one in names))
    ours = sql.join(", ", (sql.statement("t.{}", one) for one in names))
    theirs = sql.join(", ", (sql.statement("s.{}", one) for one in names))
    return sql.statement("ROW({})::text = ROW({})::text", ours, theirs)


def _pieces(
    source: SourceConnection, readers: Iterable[Encoder], key_range: KeyRange
) -> list[bytes]:
    """Read a range; if any of its text is not UTF-8, read it again value by value."""
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
