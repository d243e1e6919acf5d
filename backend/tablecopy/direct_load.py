"""Load into the live tables, which are empty, in one transaction; no table is exchanged.

All constraints, indexes and triggers are at work meanwhile, so this takes several times as long as
a load that is swapped in. It is for tables that cannot be exchanged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from backend.db import sql
from backend.db.errors import translated
from backend.db.session import Session
from backend.schema.match import SchemaMatch, TablePair
from backend.tablecopy.contents import refuse_unless_empty
from backend.tablecopy.encoder import Encoder
from backend.tablecopy.load import Loaded, LoadResult, LoadTask, batches
from backend.tablecopy.pool import LocalRunner
from backend.tablecopy.results import BATCH_ROWS
from backend.tablecopy.sequences import advance_sequences
from backend.tablecopy.sqlite.source import Source
from backend.tablecopy.target import keep_writers_out
from backend.tablecopy.upsert_sql import StagedTable, in_one_statement

# Ranges are read in the order of an index; the planner has not counted the new rows yet.
_BY_INDEX = "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off"


@dataclass(frozen=True)
class DirectLoad:
    """What to load; `on_progress` is called with (table, rows) for each task."""

    source: Source
    match: SchemaMatch
    encoders: Mapping[str, Encoder]
    batch_rows: int = BATCH_ROWS
    high_water: Mapping[str, int] = field(default_factory=dict)
    on_progress: Callable[[str, int], None] = lambda _table, _rows: None


@dataclass(frozen=True)
class _StageTask(LoadTask):
    """Some ranges of a table, loaded into its stage."""

    staged: StagedTable

    def statement(self) -> sql.Sql:
        return self.staged.copy()


def load_in_place(session: Session, what: DirectLoad) -> LoadResult:
    """Fill the tables, parents first, in the transaction that is open.

    Raises:
        RefusedError: a table holds something.
        DataError: a value or a row is refused.
    """
    tables = [pair.target for pair in what.match.pairs]
    result = LoadResult({name: Loaded() for name in what.encoders})
    with translated("loading in place"):
        keep_writers_out(session, tables)
        for table in tables:
            refuse_unless_empty(session, table.schema, [table.name])
        for group in what.match.groups:
            _load_group(session, what, group, result)
        # Deferred constraints are checked now, while it is known what was being done.
        session.execute("SET CONSTRAINTS ALL IMMEDIATE")
        advance_sequences(session, tables, what.high_water)
        session.execute(_BY_INDEX)
    return result


def _load_group(
    session: Session, what: DirectLoad, group: tuple[TablePair, ...], result: LoadResult
) -> None:
    """Load one table, or in one statement tables that refer to each other in a circle."""
    if len(group) == 1:
        _load(session, what, result, group[0])
        return
    places = {pair.target.name: place for place, pair in enumerate(what.match.pairs)}
    stages = [StagedTable(pair, places[pair.target.name]) for pair in group]
    for staged in stages:
        session.execute(staged.create())
        _load(session, what, result, staged.pair, staged)
        session.execute(staged.index_stage())
    session.execute(in_one_statement([*enumerate(staged.inserts() for staged in stages)]))


def _load(
    session: Session,
    what: DirectLoad,
    result: LoadResult,
    pair: TablePair,
    staged: StagedTable | None = None,
) -> None:
    encoder, schema = what.encoders[pair.target.name], pair.target.schema
    runner = LocalRunner(what.source.connection, session)
    for ranges in batches(what.source, encoder, what.batch_rows):
        task = LoadTask(encoder, schema, ranges)
        if staged is not None:
            task = _StageTask(encoder, schema, ranges, staged)
        chunks = task.run(runner)
        result.note(task, chunks)
        what.on_progress(pair.target.name, sum(one.rows for one in chunks))
