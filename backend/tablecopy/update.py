"""Bring a target that is in use up to the source: only rows that differ travel and are written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg

from backend.db.sqlite_reader import file_errors
from backend.errors import RefusedError
from backend.schema.match import SchemaMatch
from backend.schema.references import references
from backend.tablecopy.cascades import Reached, reached, refused
from backend.tablecopy.encoder import Encoder
from backend.tablecopy.load import BadValuesError
from backend.tablecopy.pool import Pool
from backend.tablecopy.postgres.session import Session, translated
from backend.tablecopy.postgres.tables import keep_writers_out
from backend.tablecopy.range_diff import DifferUnit
from backend.tablecopy.refused_rows import is_unexplained, see_stored, try_rows
from backend.tablecopy.results import BATCH_ROWS, KeyRange
from backend.tablecopy.sequences import counters, next_numbers, set_counters
from backend.tablecopy.shadow.unique_indexes import in_any_order
from backend.tablecopy.sqlite.csv_chunks import read_chunk
from backend.tablecopy.sqlite.key_ranges import sample_ranges
from backend.tablecopy.sqlite.source import Source
from backend.tablecopy.target_digests import is_closed
from backend.tablecopy.upsert_sql import Merge, together

_RANGES = 8
# So many ranges are asked about in one query.
_RANGES_AT_ONCE = 200
_EVERYTHING = (KeyRange(),)


@dataclass
class TableChange:
    """What was done to one table: so many rows."""

    inserted: int = 0
    updated: int = 0
    deleted: int = 0


@dataclass(frozen=True)
class Update:
    """What to bring up to what; rows that only the target has stay, unless `delete` is wanted."""

    source: Source
    pairing: SchemaMatch
    encoders: Mapping[str, Encoder]
    delete: bool = False
    allow_cascade: bool = False
    batch_rows: int = BATCH_ROWS
    high_water: Mapping[str, int] = field(default_factory=dict)
    on_reached: Callable[[Reached], None] = lambda _reached: None
    on_progress: Callable[[str, int], None] = lambda _table, _ranges: None


Parts = Mapping[str, tuple[KeyRange, ...]]


def update(pool: Pool, session: Session, what: Update) -> dict[str, TableChange]:
    """Find what differs, then write it in one statement; a second run writes nothing.

    Raises:
        DataError: a value or a row is refused; nothing has been written.
        DatabaseError: the target or a worker is lost; nothing has been written.
    """
    return write(session, what, differing(pool, what))


def differing(pool: Pool, what: Update) -> Parts:
    """Return the parts of each table that hold all that is not the same on both sides."""
    found: dict[str, list[KeyRange]] = {name: [] for name in what.encoders}
    for unit, ranges in pool.run(_units(what)):
        name = unit.encoder.pair.target.name
        found[name] += ranges
        what.on_progress(name, len(unit.ranges))
    for name, encoder in what.encoders.items():
        if not encoder.pair.ordered:
            found[name] += _EVERYTHING
    return {name: tuple(_joined(ranges)) for name, ranges in found.items() if ranges}


def _joined(ranges: Iterable[KeyRange]) -> Iterator[KeyRange]:
    """Make one of two ranges that follow each other."""
    last: KeyRange | None = None
    for one in ranges:
        if last is not None and last.upto is not None and last.upto == one.after:
            last = KeyRange(last.after, one.upto)
            continue
        if last is not None:
            yield last
        last = one
    if last is not None:
        yield last


def _units(what: Update) -> Iterator[DifferUnit]:
    for encoder in what.encoders.values():
        if encoder.pair.ordered:
            with file_errors(what.source.path):
                ranges = sample_ranges(what.source.connection, encoder.pair, rows=what.batch_rows)
            for i in range(0, len(ranges), _RANGES):
                yield DifferUnit(
                    encoder, encoder.pair.target.schema, tuple(ranges[i : i + _RANGES])
                )


def write(session: Session, what: Update, parts: Parts) -> dict[str, TableChange]:
    """Make these parts of the tables equal to the source, all in one transaction."""
    changes = {name: TableChange() for name in what.encoders}
    merges = [Merge(what.encoders[name].pair, place) for place, name in enumerate(parts)]
    with translated("updating the target"), session.transaction():
        keep_writers_out(session, [merge.pair.target for merge in merges])
        for merge in merges:
            name = merge.pair.target.name
            _stage(session, what, merge, parts[name])
        if merges:
            pairs = [merge.pair for merge in merges]
            _see_reach(session, what, merges)
            # Nothing has been written yet.
            with _rows_named(session, merges):
                in_any_order(
                    session, pairs, lambda: _write(session, merges, changes, delete=what.delete)
                )
                # What is deferred is looked at now, while somebody can still say what was done.
                session.execute("SET CONSTRAINTS ALL IMMEDIATE")
                see_stored(session, merges, deletes=what.delete)
        move_counters(session, what.pairing, what.high_water)
    return changes


@contextmanager
def _rows_named(session: Session, merges: list[Merge]) -> Iterator[None]:
    try:
        with session.transaction():
            yield
    except psycopg.Error as error:
        if is_unexplained(error):
            try_rows(session, merges, error)
        raise


def _see_reach(session: Session, what: Update, merges: list[Merge]) -> None:
    """See that no foreign key does more than was asked for."""
    schema = merges[0].pair.target.schema
    found = references(session, schema, what.encoders)
    by_action = reached(session, merges, found, deletes=what.delete) if found else ()
    obstacles = list(refused(by_action, allowed=what.allow_cascade))
    if obstacles:
        raise RefusedError("; ".join(map(str, obstacles)), hint="the target is as it was")
    for one in by_action:
        what.on_reached(one)


def _stage(session: Session, what: Update, merge: Merge, parts: tuple[KeyRange, ...]) -> None:
    encoder = what.encoders[merge.pair.target.name]
    session.execute(merge.stage())
    with (
        file_errors(what.source.path),
        session.cursor() as cursor,
        cursor.copy(merge.copy()) as copy,
    ):
        for part in parts:
            done = read_chunk(what.source.connection, encoder, part, copy.write)
            if done.bad:
                table = merge.pair.source.name
                raise BadValuesError(f"{table} holds values that the target cannot hold")
    session.execute(merge.index_stage())
    _find_extra(session, merge, parts if merge.has_key else _EVERYTHING)


def _find_extra(session: Session, merge: Merge, parts: Sequence[KeyRange]) -> None:
    closed = [part for part in parts if is_closed(part)]
    for first in range(0, len(closed), _RANGES_AT_ONCE):
        session.execute(merge.find_extras(closed[first : first + _RANGES_AT_ONCE]))
    for part in parts:
        if not is_closed(part):
            session.execute(merge.find_extra(part))


def _write(
    session: Session, merges: list[Merge], changes: Mapping[str, TableChange], *, delete: bool
) -> None:
    deletes = [merge.delete() if delete else None for merge in merges]
    each = (deletes, [merge.changes() for merge in merges], [merge.additions() for merge in merges])
    statements = [
        (place, one) for some in each for place, one in enumerate(some) if one is not None
    ]
    for place, what_happened, number in session.execute(together(statements)).fetchall():
        change = changes[merges[place].pair.target.name]
        match what_happened:
            case "inserted":
                change.inserted = number
            case "updated":
                change.updated = number
            case _:
                change.deleted = number


def move_counters(session: Session, pairing: SchemaMatch, high_water: Mapping[str, int]) -> None:
    """Let the sequences of live tables go on behind their rows, and behind what SQLite gave."""
    tables = [pair.target for pair in pairing.pairs]
    for schema in {table.schema for table in tables}:
        set_counters(session, next_numbers(session, schema, counters(tables), high_water))
