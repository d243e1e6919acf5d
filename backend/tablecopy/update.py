"""Update a target that is in use: only rows that differ from the source are sent and written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from backend.db import sql
from backend.db.errors import PostgresError, translated
from backend.db.session import Session
from backend.db.sqlite_reader import file_errors
from backend.errors import RefusedError
from backend.schema.match import SchemaMatch
from backend.schema.references import references
from backend.tablecopy.cascades import CascadeEffect, cascade_obstacles, follow_cascades
from backend.tablecopy.encoder import Encoder
from backend.tablecopy.load import BadValuesError, batches
from backend.tablecopy.pool import Pool
from backend.tablecopy.range_diff import DiffTask
from backend.tablecopy.refused_rows import check_stored, is_unexplained, try_rows
from backend.tablecopy.results import BATCH_ROWS, KeyRange
from backend.tablecopy.sequences import advance_sequences
from backend.tablecopy.shadow.unique_indexes import write_in_any_order
from backend.tablecopy.sqlite.csv_chunks import read_chunk
from backend.tablecopy.sqlite.source import Source
from backend.tablecopy.target import keep_writers_out
from backend.tablecopy.target_digests import is_closed
from backend.tablecopy.upsert_sql import StagedTable, in_one_statement

# Ranges of which one query looks for extra rows.
_RANGES_AT_ONCE = 200
_WHOLE_TABLE = (KeyRange(),)


@dataclass
class TableChange:
    """How many rows of one table were written."""

    inserted: int = 0
    updated: int = 0
    deleted: int = 0


@dataclass(frozen=True)
class Update:
    """What to update; rows that only the target has stay, unless `delete` is set."""

    source: Source
    match: SchemaMatch
    encoders: Mapping[str, Encoder]
    delete: bool = False
    allow_cascade: bool = False
    batch_rows: int = BATCH_ROWS
    high_water: Mapping[str, int] = field(default_factory=dict)
    on_cascade: Callable[[CascadeEffect], None] = lambda _effect: None


# By table, the ranges that hold all rows in which the two sides differ.
Parts = Mapping[str, tuple[KeyRange, ...]]


def find_changed_ranges(pool: Pool, what: Update) -> Parts:
    """Return the ranges of each table that hold all rows in which the two sides differ."""
    found: dict[str, list[KeyRange]] = {name: [] for name in what.encoders}
    for task, ranges in pool.run(_tasks(what)):
        found[task.encoder.pair.target.name] += ranges
    for name, encoder in what.encoders.items():
        if not encoder.pair.ordered:
            found[name] += _WHOLE_TABLE
    return {name: tuple(_adjacent_joined(ranges)) for name, ranges in found.items() if ranges}


def _adjacent_joined(ranges: Iterable[KeyRange]) -> Iterator[KeyRange]:
    """Join ranges that follow each other without a gap."""
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


def _tasks(what: Update) -> Iterator[DiffTask]:
    for encoder in what.encoders.values():
        if encoder.pair.ordered:
            for ranges in batches(what.source, encoder, what.batch_rows):
                yield DiffTask(encoder, encoder.pair.target.schema, ranges)


def write(session: Session, what: Update, parts: Parts) -> dict[str, TableChange]:
    """Make these parts of the tables equal to the source, all in one transaction.

    Raises:
        DataError: a value or a row is refused; nothing has been written.
        DatabaseError: the target is lost; nothing has been written.
    """
    changes = {name: TableChange() for name in what.encoders}
    stages = [StagedTable(what.encoders[name].pair, place) for place, name in enumerate(parts)]
    with translated("updating the target"), session.transaction():
        keep_writers_out(session, [staged.pair.target for staged in stages])
        for staged in stages:
            name = staged.pair.target.name
            _stage(session, what, staged, parts[name])
        if stages:
            pairs = [staged.pair for staged in stages]
            _check_cascades(session, what, stages)
            # Nothing has been written yet.
            with _refused_rows_named(session, stages):
                write_in_any_order(
                    session, pairs, lambda: _write(session, stages, changes, delete=what.delete)
                )
                # Deferred constraints are checked now, while it is known what was being done.
                session.execute("SET CONSTRAINTS ALL IMMEDIATE")
                check_stored(session, stages, deletes=what.delete)
        advance_sequences(session, [pair.target for pair in what.match.pairs], what.high_water)
    return changes


@contextmanager
def _refused_rows_named(session: Session, stages: list[StagedTable]) -> Iterator[None]:
    try:
        with session.transaction():
            yield
    except PostgresError as error:
        if is_unexplained(error):
            try_rows(session, stages, error)
        raise


def _check_cascades(session: Session, what: Update, stages: list[StagedTable]) -> None:
    """Check that no foreign key does more than was asked for."""
    schema = stages[0].pair.target.schema
    found = references(session, schema, what.encoders)
    effects = follow_cascades(session, stages, found, deletes=what.delete) if found else ()
    obstacles = list(cascade_obstacles(effects, allowed=what.allow_cascade))
    if obstacles:
        raise RefusedError("; ".join(map(str, obstacles)), hint="the target is as it was")
    for one in effects:
        what.on_cascade(one)


def _stage(
    session: Session, what: Update, staged: StagedTable, parts: tuple[KeyRange, ...]
) -> None:
    encoder = what.encoders[staged.pair.target.name]
    session.execute(staged.create())
    with (
        file_errors(what.source.path),
        session.cursor() as cursor,
        cursor.copy(staged.copy()) as copy,
    ):
        for part in parts:
            done = read_chunk(what.source.connection, encoder, part, copy.write)
            if done.bad:
                table = staged.pair.source.name
                raise BadValuesError(f"{table} holds values that the target cannot hold")
    session.execute(staged.index_stage())
    _find_extra(session, staged, parts if staged.has_key else _WHOLE_TABLE)


def _find_extra(session: Session, staged: StagedTable, parts: Sequence[KeyRange]) -> None:
    closed = [part for part in parts if is_closed(part)]
    for first in range(0, len(closed), _RANGES_AT_ONCE):
        session.execute(staged.find_extras(closed[first : first + _RANGES_AT_ONCE]))
    for part in parts:
        if not is_closed(part):
            session.execute(staged.find_extra(part))


def _write(
    session: Session, stages: list[StagedTable], changes: Mapping[str, TableChange], *, delete: bool
) -> None:
    statements: list[tuple[int, sql.Sql | None]] = [
        *(enumerate(staged.deletes() for staged in stages) if delete else ()),
        *enumerate(staged.updates() for staged in stages),
        *enumerate(staged.inserts() for staged in stages),
    ]
    run = in_one_statement([(place, one) for place, one in statements if one is not None])
    for place, done, number in session.execute(run).fetchall():
        change = changes[stages[place].pair.target.name]
        match done:
            case "inserted":
                change.inserted = number
            case "updated":
                change.updated = number
            case _:
                change.deleted = number
