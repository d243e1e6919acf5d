"""Load tables into a shadow: many key ranges at once, each read and written in one go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from backend.db import sql
from backend.db.errors import translated
from backend.db.sqlite_reader import file_errors
from backend.errors import DataError
from backend.tablecopy.encoder import Encoder
from backend.tablecopy.pool import Pool
from backend.tablecopy.results import BATCH_ROWS, KeyRange, RangeDigest
from backend.tablecopy.sqlite.csv_chunks import CsvChunk, read_chunk
from backend.tablecopy.sqlite.key_ranges import sample_ranges
from backend.tablecopy.sqlite.source import Source
from backend.tablecopy.worker import Worker
from backend.values.conversion import Uses

# Ranges of one task: those of one COPY, and so of one transaction.
_RANGES = 8


class BadValuesError(DataError):
    """Some values cannot be loaded; `bad_values` names them all."""


@dataclass(frozen=True)
class LoadTask:
    """Some ranges of a table, loaded in one transaction."""

    encoder: Encoder
    schema: str
    ranges: tuple[KeyRange, ...]

    def run(self, worker: Worker) -> tuple[CsvChunk, ...]:
        """Read and write them; a bad value ends it, and nothing of it stays."""
        statement = self.statement()
        table = self.encoder.pair.source.name
        chunks = []
        with (
            translated(f"loading {table}"),
            file_errors(worker.reader.path),
            worker.session.cursor() as cursor,
            cursor.copy(statement) as copy,
        ):
            for key_range in self.ranges:
                done = read_chunk(worker.reader, self.encoder, key_range, copy.write)
                if done.bad:
                    raise BadValuesError(f"{table} holds values that the target cannot hold")
                chunks.append(done)
        return tuple(chunks)

    def statement(self) -> sql.Sql:
        """Return the COPY that takes the rows."""
        return copy_statement(self.schema, self.encoder)


@dataclass
class Loaded:
    """What has been loaded of one table so far: its rows, and a digest for each range."""

    rows: int = 0
    digests: list[tuple[KeyRange, RangeDigest]] = field(default_factory=list)


@dataclass
class LoadResult:
    """What has been loaded, by the target's names of the tables; `uses` counts what `Casts` did."""

    tables: dict[str, Loaded]
    uses: Uses = field(default_factory=Counter)

    @property
    def rows(self) -> dict[str, int]:
        """How many rows each table has."""
        return {name: loaded.rows for name, loaded in self.tables.items()}

    def note(self, task: LoadTask, chunks: tuple[CsvChunk, ...]) -> None:
        """Add what a task has loaded."""
        loaded = self.tables[task.encoder.pair.target.name]
        for key_range, done in zip(task.ranges, chunks, strict=True):
            loaded.rows += done.rows
            loaded.digests.append((key_range, done.range_digest))
            self.uses.update(done.uses)


@dataclass(frozen=True)
class Load:
    """What to load and where; `on_progress` is called with (table, rows) for each task."""

    source: Source
    encoders: tuple[Encoder, ...]
    schema: str
    batch_rows: int = BATCH_ROWS
    on_progress: Callable[[str, int], None] = lambda _table, _rows: None


def load(pool: Pool, what: Load) -> LoadResult:
    """Load every table, the biggest first.

    Raises:
        DataError: a value cannot be loaded.
        DatabaseError: the target or a worker is lost.
    """
    pairs = [one.pair for one in what.encoders]
    counts = {pair.target.name: what.source.count_rows(pair.source.name) for pair in pairs}
    result = LoadResult({name: Loaded() for name in counts})
    for task, chunks in pool.run(_tasks(what, counts)):
        name = task.encoder.pair.target.name
        result.note(task, chunks)
        what.on_progress(name, sum(one.rows for one in chunks))
    return result


def _tasks(what: Load, counts: dict[str, int]) -> Iterator[LoadTask]:
    """Divide the tables while the workers are busy with earlier tasks."""
    for encoder in sorted(what.encoders, key=lambda one: -counts[one.pair.target.name]):
        for ranges in batches(what.source, encoder, what.batch_rows):
            yield LoadTask(encoder, what.schema, ranges)


def batches(source: Source, encoder: Encoder, rows: int) -> Iterator[tuple[KeyRange, ...]]:
    """Divide a table into the ranges of one task each."""
    with file_errors(source.path):
        ranges = sample_ranges(source.connection, encoder.pair, rows=rows)
    for first in range(0, len(ranges), _RANGES):
        yield tuple(ranges[first : first + _RANGES])


def copy_statement(schema: str, encoder: Encoder) -> sql.Sql:
    """Return the statement that takes the CSV of `read_chunk`."""
    return sql.statement(
        "COPY {} ({}) FROM STDIN (FORMAT csv)",
        sql.name(schema, encoder.pair.target.name),
        sql.join(", ", map(sql.name, encoder.columns)),
    )
