"""See that what was written is what is stored, and name the rows that triggers have changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from backend.tablecopy.postgres.findings import (
    Offence,
    OffenceKind,
    Offences,
    OffendingRowsError,
)
from backend.tablecopy.postgres.merging import Merge
from backend.tablecopy.postgres.session import Session

# So many rows of a table are named.
_MOST = 1000
_TRIGGERS = """
    SELECT coalesce(string_agg(g.tgname, ', ' ORDER BY g.tgname), 'none is known')
    FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = %s AND c.relname = %s AND NOT g.tgisinternal AND g.tgenabled IN ('O', 'A')"""


def see_stored(session: Session, merges: Iterable[Merge], *, deletes: bool) -> None:
    """Look at all rows that were written; the transaction is still open.

    Raises:
        OffendingRowsError: a row is stored otherwise, or not at all, or is there still.
    """
    rows = [one for merge in merges for one in _changed(session, merge, deletes=deletes)]
    if rows:
        raise OffendingRowsError(offences_of(rows))


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
