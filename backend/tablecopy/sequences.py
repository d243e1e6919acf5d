"""Sequences of the tables: which value each gives next, behind all rows that were copied."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from backend.db import sql
from backend.db.session import Session
from backend.schema.tables import Column, PostgresTable

_INTEGERS = {"smallint", "integer", "bigint"}

_STATE = """
    SELECT CASE WHEN s.is_called THEN s.last_value::numeric + q.seqincrement
        ELSE s.last_value END, q.seqincrement, q.seqmin, q.seqmax,
        pg_has_role(c.relowner, 'USAGE')::int
    FROM {} s CROSS JOIN pg_sequence q JOIN pg_class c ON c.oid = q.seqrelid
    WHERE q.seqrelid = {}::regclass"""


@dataclass(frozen=True)
class _SequenceState:
    next: int
    step: int
    least: int
    most: int
    # Whether we may alter it, and not only call setval.
    is_alterable: int


@dataclass(frozen=True)
class SequenceColumn:
    """A column that a sequence fills; `is_key` tells whether SQLite's own sequence is about it."""

    table: str
    column: Column
    is_key: bool


def sequence_columns(tables: Iterable[PostgresTable]) -> Iterator[SequenceColumn]:
    """Return the columns that are filled by a sequence."""
    for table in tables:
        for column in table.columns:
            if column.sequence and column.type.name in _INTEGERS:
                yield SequenceColumn(table.name, column, (column.name,) == table.primary_key)


def advance_sequences(
    session: Session, tables: Iterable[PostgresTable], high_water: Mapping[str, int]
) -> None:
    """Let the sequences of live tables go on behind their rows, and behind what SQLite gave."""
    by_schema = defaultdict(list)
    for table in tables:
        by_schema[table.schema].append(table)
    for schema, found in by_schema.items():
        numbers = next_values(session, schema, sequence_columns(found), high_water)
        set_sequences(session, numbers)


def next_values(
    session: Session, schema: str, columns: Iterable[SequenceColumn], high_water: Mapping[str, int]
) -> dict[str, int]:
    """Return the next value of each sequence, by its name in SQL.

    It is beyond the live sequence, beyond the rows in `schema`, and beyond what SQLite ever gave.
    """
    numbers: dict[str, int] = {}
    for one in columns:
        given = high_water.get(one.table, 0) if one.is_key else 0
        name = one.column.sequence
        state = _state(session, name)
        used = _last_used(session, schema, one, upwards=state.step > 0)
        # Several columns may share a sequence.
        value = numbers.get(name, state.next)
        if state.step > 0:
            numbers[name] = max(value, max(given, used) + state.step)
        else:
            numbers[name] = min(value, used + state.step)
    return numbers


def _state(session: Session, name: str) -> _SequenceState:
    query = sql.statement(_STATE, sql.verbatim(name), sql.value(name))
    row = session.execute(query).fetchone()
    assert row is not None  # noqa: S101 - a sequence is one row
    return _SequenceState(*map(int, row))


def _last_used(session: Session, schema: str, one: SequenceColumn, *, upwards: bool) -> int:
    query = sql.statement(
        "SELECT coalesce({}({}), 0) FROM {}",
        sql.statement("max" if upwards else "min"),
        sql.name(one.column.name),
        sql.name(schema, one.table),
    )
    row = session.execute(query).fetchone()
    return int(row[0]) if row else 0


def set_sequences(session: Session, numbers: Mapping[str, int]) -> None:
    """Let each sequence give its number next; a rollback undoes what belongs to us."""
    for name, number in numbers.items():
        state = _state(session, name)
        if number == state.next:
            continue
        if not state.least <= number <= state.most:
            # It is used up: better that it fails than gives a number twice.
            last = state.most if state.step > 0 else state.least
            session.execute("SELECT setval(%s::regclass, %s)", (name, last))
        elif state.is_alterable:
            sequence = sql.verbatim(name)
            restart = "ALTER SEQUENCE {} RESTART WITH {}"
            session.execute(sql.statement(restart, sequence, sql.value(number)))
        else:
            # No rollback undoes this; but it only ever leaves numbers out.
            session.execute("SELECT setval(%s::regclass, %s, false)", (name, number))
