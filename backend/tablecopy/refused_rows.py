"""See that what was written is what is stored, and name the rows that triggers have changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import psycopg
from psycopg import errors, sql

from backend.tablecopy.postgres.session import Session
from backend.tablecopy.upsert_sql import Merge
from backend.tablecopy.violations import (
    Offence,
    OffenceKind,
    Offences,
    OffendingRowsError,
)

# So many rows of a table are named, or tried.
_MOST = 1000
_TRIGGERS = """
    SELECT coalesce(string_agg(g.tgname, ', ' ORDER BY g.tgname), 'none is known')
    FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = %s AND c.relname = %s AND NOT g.tgisinternal AND g.tgenabled IN ('O', 'A')"""

# What the catalog tells of is found by queries over all rows, and a row alone may lack another.
_EXPLAINED = (
    errors.UniqueViolation,
    errors.ForeignKeyViolation,
    errors.CheckViolation,
    errors.ExclusionViolation,
    errors.NotNullViolation,
)
_STAGED = "SELECT ctid::text, concat_ws(', ', {key}) FROM {stage} LIMIT {limit}"


def see_stored(session: Session, merges: Iterable[Merge], *, deletes: bool) -> None:
    """Look at all rows that were written; the transaction is still open.

    Raises:
        OffendingRowsError: a row is stored otherwise, or not at all, or is there still.
    """
    rows = [one for merge in merges for one in _changed(session, merge, deletes=deletes)]
    if rows:
        raise OffendingRowsError(offences_of(rows))


def is_unexplained(error: psycopg.Error) -> bool:
    """Tell whether an error is about a row, and only trying can tell about which."""
    return isinstance(
        error, errors.RaiseException | psycopg.DataError | psycopg.IntegrityError
    ) and not isinstance(error, _EXPLAINED)


def try_rows(session: Session, merges: Iterable[Merge], first: psycopg.Error) -> None:
    """Write each staged row by itself, and take it back.

    Raises:
        OffendingRowsError: some fail as all of them did together.
    """
    rows = [one for merge in merges if merge.has_key for one in _tried(session, merge, first)]
    if rows:
        raise OffendingRowsError(offences_of(rows)) from first


def offences_of(rows: Sequence[Offence]) -> Offences:
    """Count rows by their kind."""
    return Offences(tuple(rows), Counter(one.kind for one in rows))


def triggers(session: Session, merge: Merge) -> str:
    """Name the triggers that are at work on a table."""
    table = merge.pair.target
    row = session.execute(_TRIGGERS, (table.schema, table.name)).fetchone()
    return str(row[0]) if row else ""


def _changed(session: Session, merge: Merge, *, deletes: bool) -> Iterator[Offence]:
    found = session.execute(merge.unlike(_MOST)).fetchall()
    if deletes:
        found += session.execute(merge.undeleted(_MOST)).fetchall()
    if found:
        table, by = merge.pair.target.name, triggers(session, merge)
        for key, what in found:
            yield Offence(table, key, OffenceKind.TRIGGER, by, what)


def _tried(session: Session, merge: Merge, first: psycopg.Error) -> Iterator[Offence]:
    query = merge.filled(_STAGED, limit=sql.Literal(_MOST))
    for place, key in session.execute(query).fetchall():
        error = _written_alone(session, replace(merge, only=place))
        if error is not None and error.sqlstate == first.sqlstate:
            said = error.diag.message_primary or ""
            by = triggers(session, merge)
            yield Offence(merge.pair.target.name, key, OffenceKind.REFUSED, by, said)


def _written_alone(session: Session, merge: Merge) -> psycopg.Error | None:
    try:
        with session.transaction(force_rollback=True):
            for statement in (merge.changes(), merge.additions()):
                if statement is not None:
                    session.execute(statement)
    except psycopg.Error as error:
        return error
    return None
