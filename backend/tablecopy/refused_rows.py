"""Name the rows that the target did not store as they were written, and those that it refuses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from backend.db import sql
from backend.db.errors import CONSTRAINT_VIOLATIONS, ROW_REFUSED, PostgresError, message
from backend.db.session import Session
from backend.tablecopy.upsert_sql import StagedTable
from backend.tablecopy.violations import (
    RowViolation,
    RowViolations,
    ViolationKind,
    ViolationsError,
)

# So many rows of a table are named, or tried.
_MOST = 1000
_TRIGGERS = """
    SELECT coalesce(string_agg(g.tgname, ', ' ORDER BY g.tgname), 'none is known')
    FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = %s AND c.relname = %s AND NOT g.tgisinternal AND g.tgenabled IN ('O', 'A')"""
_STAGED = "SELECT ctid::text, concat_ws(', ', {key}) FROM {stage} LIMIT {limit}"


def check_stored(session: Session, stages: Iterable[StagedTable], *, deletes: bool) -> None:
    """Compare all rows that were written with what was staged; the transaction is still open.

    Raises:
        ViolationsError: a row is stored otherwise, or not at all, or was not deleted.
    """
    rows = [one for staged in stages for one in _changed(session, staged, deletes=deletes)]
    if rows:
        raise ViolationsError(RowViolations.of(rows))


def is_unexplained(error: PostgresError) -> bool:
    """Tell whether an error is about a row, and only writing it alone can tell about which.

    Rows that violate a constraint are found by queries; one alone may lack the row it refers to.
    """
    return isinstance(error, ROW_REFUSED) and not isinstance(error, CONSTRAINT_VIOLATIONS)


def try_rows(session: Session, stages: Iterable[StagedTable], first: PostgresError) -> None:
    """Write each staged row alone, and roll it back.

    Raises:
        ViolationsError: names the rows that fail with the same SQLSTATE as all of them did.
    """
    rows = [one for staged in stages if staged.has_key for one in _tried(session, staged, first)]
    if rows:
        raise ViolationsError(RowViolations.of(rows)) from first


def _triggers(session: Session, staged: StagedTable) -> str:
    table = staged.pair.target
    row = session.execute(_TRIGGERS, (table.schema, table.name)).fetchone()
    return str(row[0]) if row else ""


def _changed(session: Session, staged: StagedTable, *, deletes: bool) -> Iterator[RowViolation]:
    found = session.execute(staged.unlike(_MOST)).fetchall()
    if deletes:
        found += session.execute(staged.undeleted(_MOST)).fetchall()
    if found:
        table, by = staged.pair.target.name, _triggers(session, staged)
        for key, what in found:
            yield RowViolation(table, key, ViolationKind.TRIGGER, by, what)


def _tried(session: Session, staged: StagedTable, first: PostgresError) -> Iterator[RowViolation]:
    query = staged.filled(_STAGED, limit=sql.value(_MOST))
    for place, key in session.execute(query).fetchall():
        error = _written_alone(session, replace(staged, only=place))
        if error is not None and error.sqlstate == first.sqlstate:
            by, said = _triggers(session, staged), message(error)
            yield RowViolation(staged.pair.target.name, key, ViolationKind.REFUSED, by, said)


def _written_alone(session: Session, staged: StagedTable) -> PostgresError | None:
    try:
        with session.transaction(force_rollback=True):
            for statement in (staged.updates(), staged.inserts()):
                if statement is not None:
                    session.execute(statement)
    except PostgresError as error:
        return error
    return None
