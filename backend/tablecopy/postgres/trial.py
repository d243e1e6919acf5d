"""Write staged rows one by one, to name those that the target refuses for reasons of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import psycopg
from psycopg import errors, sql

from backend.tablecopy.postgres.findings import Offence, OffenceKind, OffendingRowsError
from backend.tablecopy.postgres.merging import Merge
from backend.tablecopy.postgres.outcome import offences_of, triggers
from backend.tablecopy.postgres.session import Session

# So many rows of a table are tried.
_MOST = 1000
# What the catalog tells of is found by queries over all rows, and a row alone may lack another.
_EXPLAINED = (
    errors.UniqueViolation,
    errors.ForeignKeyViolation,
    errors.CheckViolation,
    errors.ExclusionViolation,
    errors.NotNullViolation,
)
_STAGED = "SELECT ctid::text, concat_ws(', ', {key}) FROM {stage} LIMIT {limit}"


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
