"""Load empty tables where they are, in one transaction: nothing is exchanged, nothing made anew.

All constraints, indexes and triggers of the tables are at work meanwhile, so it takes several times
as long as a load that is swapped in; it is for tables that cannot be exchanged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from psycopg import sql

from backend.schema.match import SchemaMatch, TablePair
from backend.tablecopy.contents import NOTHING, contents, refuse_unless_empty
from backend.tablecopy.encoder import Encoder
from backend.tablecopy.load import Loaded, LoadResult, LoadUnit, batches, count_rows
from backend.tablecopy.pool import OneSession
from backend.tablecopy.postgres.session import Session, translated
from backend.tablecopy.postgres.tables import keep_writers_out
from backend.tablecopy.results import BATCH_ROWS
from backend.tablecopy.sqlite.source import Source
from backend.tablecopy.update import move_counters
from backend.tablecopy.upsert_sql import Merge, together

# Ranges are read in the order of an index; the planner has not counted the new rows yet.
_BY_INDEX = "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off"


@dataclass(frozen=True)
class DirectLoad:
    """What to load; `on_progress` is told (table, rows) whenever some more are in."""

    source: Source
    pairing: SchemaMatch
    encoders: Mapping[str, Encoder]
    batch_rows: int = BATCH_ROWS
    high_water: Mapping[str, int] = field(default_factory=dict)
    on_progress: Callable[[str, int], None] = lambda _table, _rows: None


@dataclass(frozen=True)
class _StageUnit(LoadUnit):
    """Some ranges of a table, put beside it."""

    merge: Merge

    def statement(self) -> sql.Composed:
        return self.merge.copy()


def load_in_place(session: Session, what: DirectLoad) -> LoadResult:
    """Fill the tables, parents first, in the transaction that is open.

    Raises:
        RefusedError: a table holds something.
        DataError: a value or a row is refused.
    """
    tables = [pair.target for pair in what.pairing.pairs]
    counts = count_rows(what.source, tuple(what.encoders.values()))
    result = LoadResult({name: Loaded(rows) for name, rows in counts.items()})
    with translated("loading in place"):
        keep_writers_out(session, tables)
        for table in tables:
            refuse_unless_empty(contents(session, table.schema, [table.name]), NOTHING)
        for group in what.pairing.groups:
            _load_group(session, what, group, result)
        # What is deferred is looked at now, while somebody can still say what was being done.
        session.execute("SET CONSTRAINTS ALL IMMEDIATE")
        move_counters(session, what.pairing, what.high_water)
        session.execute(_BY_INDEX)
    return result


def _load_group(
    session: Session, what: DirectLoad, group: tuple[TablePair, ...], result: LoadResult
) -> None:
    """Load a table, or tables that refer to each other in a circle: those in one statement."""
    if len(group) == 1:
        _load(session, what, result, group[0])
        return
    places = {pair.target.name: place for place, pair in enumerate(what.pairing.pairs)}
    merges = [Merge(pair, places[pair.target.name]) for pair in group]
    for merge in merges:
        session.execute(merge.stage())
        _load(session, what, result, merge.pair, merge)
        session.execute(merge.index_stage())
    session.execute(together([*enumerate(merge.additions() for merge in merges)]))


def _load(
    session: Session,
    what: DirectLoad,
    result: LoadResult,
    pair: TablePair,
    merge: Merge | None = None,
) -> None:
    encoder, schema = what.encoders[pair.target.name], pair.target.schema
    runner = OneSession(what.source.connection, session)
    for ranges in batches(what.source, encoder, what.batch_rows):
        unit = LoadUnit(encoder, schema, ranges)
        if merge is not None:
            unit = _StageUnit(encoder, schema, ranges, merge)
        blocks = unit.run(runner)
        result.note(unit, blocks)
        what.on_progress(pair.target.name, sum(one.rows for one in blocks))
