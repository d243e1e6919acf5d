"""Where the sequences of the tables have to go on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from psycopg import sql

from backend.schema.tables import Column, PostgresTable
from backend.tablecopy.postgres.session import Session

_COUNTED = {"smallint", "integer", "bigint"}

_STATE = """
    SELECT CASE WHEN s.is_called THEN s.last_value::numeric + q.seqincrement
        ELSE s.last_value END, q.seqincrement, q.seqmin, q.seqmax,
        pg_has_role(c.relowner, 'USAGE')::int
    FROM {} s CROSS JOIN pg_sequence q JOIN pg_class c ON c.oid = q.seqrelid
    WHERE q.seqrelid = {}::regclass"""


@dataclass(frozen=True)
class _State:
    coming: int
    step: int
    least: int
    most: int
    # Tells whether we may change it, and not only count.
    is_ours: int


@dataclass(frozen=True)
class Counter:
    """A column that counts; `is_key` tells whether SQLite's own count is about it."""

    table: str
    column: Column
    is_key: bool


def counters(tables: Iterable[PostgresTable]) -> Iterator[Counter]:
    """Find the columns that count by a sequence."""
    for table in tables:
        for column in table.columns:
            if column.sequence and column.type.name in _COUNTED:
                yield Counter(table.name, column, (column.name,) == table.primary_key)


def next_numbers(
    session: Session, shadow: str, found: Iterable[Counter], high_water: Mapping[str, int]
) -> dict[str, int]:
    """Return for each sequence, by its name in SQL, where it goes on.

    Neither behind the live sequence, nor behind the rows, nor behind what SQLite ever gave.
    """
    numbers: dict[str, int] = {}
    for one in found:
        given = high_water.get(one.table, 0) if one.is_key else 0
        name = one.column.sequence
        state = _state(session, name)
        used = _used(session, shadow, one, upwards=state.step > 0)
        # Several columns may share a sequence.
        coming = numbers.get(name, state.coming)
        if state.step > 0:
            numbers[name] = max(coming, max(given, used) + state.step)
        else:
            numbers[name] = min(coming, used + state.step)
    return numbers


def _state(session: Session, name: str) -> _State:
    query = sql.SQL(_STATE).format(_quoted(name), sql.Literal(name))
    row = session.execute(query).fetchone()
    assert row is not None  # noqa: S101 - a sequence is one row
    return _State(*map(int, row))


def _quoted(name: str) -> sql.SQL:
    # The server's own format() has quoted it: schema and sequence are one text here.
    return sql.SQL(name)


def _used(session: Session, shadow: str, counter: Counter, *, upwards: bool) -> int:
    query = sql.SQL("SELECT coalesce({}({}), 0) FROM {}").format(
        sql.SQL("max" if upwards else "min"),
        sql.Identifier(counter.column.name),
        sql.Identifier(shadow, counter.table),
    )
    row = session.execute(query).fetchone()
    return int(row[0]) if row else 0


def set_counters(session: Session, numbers: Mapping[str, int]) -> None:
    """Let each sequence go on from its number; what belongs to us is undone with the rest."""
    for name, number in numbers.items():
        state = _state(session, name)
        if number == state.coming:
            continue
        if not state.least <= number <= state.most:
            # It has nothing left to give: better that it says so than gives a number twice.
            last = state.most if state.step > 0 else state.least
            session.execute("SELECT setval(%s::regclass, %s)", (name, last))
        elif state.is_ours:
            restart = sql.SQL("ALTER SEQUENCE {} RESTART WITH {}")
            session.execute(restart.format(_quoted(name), sql.Literal(number)))
        else:
            # Not undone with the rest; but it only ever leaves numbers out.
            session.execute("SELECT setval(%s::regclass, %s, false)", (name, number))
