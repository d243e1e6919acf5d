"""Put all rows together in temporary tables of the target, and see which could not be together.

What is unique, what a reference finds and what a CHECK says is for the target to decide: its
collations, its expressions, its functions. So it is asked, by the same queries that name the rows
a load has refused. Nothing of it lasts, and nobody else sees it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from psycopg import sql

from backend.tablecopy.casting.encoder import Encoder, lenient_select
from backend.tablecopy.loading import copy_statement
from backend.tablecopy.postgres.blueprint import Blueprint
from backend.tablecopy.postgres.findings import Offences, offences
from backend.tablecopy.postgres.session import Session, translated
from backend.tablecopy.shape import KeyRange, TargetTable
from backend.tablecopy.sqlite.blocks import block
from backend.tablecopy.sqlite.connection import SourceConnection
from backend.tablecopy.sqlite.errors import translated as source_translated
from backend.tablecopy.sqlite.ranges import sample_ranges

_SCHEMA = "pg_temp"
_RANGE_ROWS = 5_000
# Sorting in memory is most of what looking for duplicates costs.
_MEMORY = "SET LOCAL work_mem = '64MB'"
_MAKE = "CREATE TEMP TABLE {} (LIKE {} INCLUDING DEFAULTS INCLUDING GENERATED) ON COMMIT DROP"


def rehearse(session: Session, source: SourceConnection, encoders: Sequence[Encoder]) -> Offences:
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
        source_translated(source.path),
        session.transaction(force_rollback=True),
    ):
        session.execute(_MEMORY)
        for table in tables:
            _make(session, table)
        for one in encoders:
            _fill(session, source, one)
        return offences(session, Blueprint(schema, _SCHEMA, names, ()))


def _make(session: Session, table: TargetTable) -> None:
    name = sql.Identifier(_SCHEMA, table.name)
    session.execute(sql.SQL(_MAKE).format(name, sql.Identifier(table.schema, table.name)))
    changes = list(_loosening(table))
    if changes:
        statement = sql.SQL("ALTER TABLE {} {}")
        session.execute(statement.format(name, sql.SQL(", ").join(changes)))


def _loosening(table: TargetTable) -> Iterable[sql.Composed]:
    for column in table.columns:
        name = sql.Identifier(column.name)
        if column.not_null:
            yield sql.SQL("ALTER COLUMN {} DROP NOT NULL").format(name)
        if column.sequence:
            # It would count on, and no rollback takes that back.
            yield sql.SQL("ALTER COLUMN {} DROP DEFAULT").format(name)


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


def _pieces(
    source: SourceConnection, readers: Iterable[Encoder], key_range: KeyRange
) -> list[bytes]:
    """Read a range; if any of its text is not UTF-8, again with a look at each value."""
    for reader in readers:
        pieces: list[bytes] = []
        block(source, reader, key_range, pieces.append)
        try:
            for piece in pieces:
                piece.decode()
        except UnicodeDecodeError:
            continue
        break
    return pieces
