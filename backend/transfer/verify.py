"""Compare every row of both sides, range by range, and name what differs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

from backend.db.snapshot import exported_snapshot
from backend.db.sqlite_reader import file_errors
from backend.tablecopy.encoder import Encoder
from backend.tablecopy.pool import Runner
from backend.tablecopy.results import Difference, DifferenceKind, KeyRange
from backend.tablecopy.row_diff import differences
from backend.tablecopy.sqlite.key_ranges import sample_ranges
from backend.transfer.app_schema import check_schema_invariants, is_app_schema
from backend.transfer.compare_task import CompareTask, Part
from backend.transfer.report import Findings, Report
from backend.transfer.run import Run

if TYPE_CHECKING:
    from backend.invariants.checks import InvariantReport

# Beyond this many nobody reads them one by one; then all that is known is that there are more.
_MOST_NAMED = 10_000
# Ranges that a worker compares before it answers.
_RANGES = 8


def verify(run: Run) -> Report:
    """`--verify-only`: compare both sides, each in one snapshot; nothing is written."""
    schema = run.endpoints.target.schema
    tables = run.source_tables()
    with exported_snapshot(run.endpoints.session) as snapshot:
        with run.pool() as pool:
            pool.join_snapshot(snapshot)
            rows = sum(table.rows for table in tables)
            found = compare(run, pool, schema, all_parts(run, run.encoders()), rows=rows)
        findings = Findings(
            differences=found, invariants=check_app_invariants(run, schema, snapshot)
        )
    outcome = "the two sides differ" if found else f"{run.every_row} is the same on both sides"
    return run.report(outcome, tables=tables, findings=findings)


def all_parts(run: Run, encoders: Iterable[Encoder]) -> Iterator[Part]:
    """Divide whole tables into ranges, one table at a time while the workers compare."""
    for encoder in encoders:
        with file_errors(run.endpoints.source.path):
            ranges = sample_ranges(
                run.endpoints.source.connection, encoder.pair, rows=run.options.rows_per_batch
            )
        yield encoder, [(key_range, None) for key_range in ranges]


def compare(
    run: Run, pool: Runner, schema: str, parts: Iterable[Part], *, rows: int = 0
) -> tuple[Difference, ...]:
    """Name every row of these parts that differs between the source and a schema of the target."""
    found: list[Difference] = []
    # Tables without an order that both sides keep have no ranges to share out.
    unordered: list[Encoder] = []
    with run.stage("compare", rows):
        for task, (compared, different) in pool.run(_tasks(schema, parts, unordered)):
            run.watcher.advance(task.encoder.pair.target.name, compared)
            for key_range in different:
                named = _at_least_one(task, key_range, _named(run, schema, task.encoder, key_range))
                found += islice(named, _MOST_NAMED - len(found))
        for encoder in unordered:
            named = _named(run, schema, encoder, KeyRange())
            found += islice(named, _MOST_NAMED - len(found))
    return tuple(found)


def check_app_invariants(run: Run, schema: str, snapshot: str = "") -> InvariantReport | None:
    """Check the app's invariants in a schema, if it is the app's and was copied whole."""
    if (
        run.options.tables
        or run.options.excluded
        or not is_app_schema(pair.target.name for pair in run.match.pairs)
    ):
        return None
    with run.stage("rules"):
        return check_schema_invariants(run.options.target, schema, snapshot)


def _tasks(schema: str, parts: Iterable[Part], unordered: list[Encoder]) -> Iterator[CompareTask]:
    for encoder, ranges in parts:
        if not encoder.pair.ordered:
            unordered.append(encoder)
            continue
        for first in range(0, len(ranges), _RANGES):
            yield CompareTask(encoder, schema, tuple(ranges[first : first + _RANGES]))


def _named(run: Run, schema: str, encoder: Encoder, key_range: KeyRange) -> Iterator[Difference]:
    return differences(
        run.endpoints.source.connection, run.endpoints.session, schema, encoder, key_range
    )


def _at_least_one(
    task: CompareTask, key_range: KeyRange, named: Iterator[Difference]
) -> Iterator[Difference]:
    """Report a range whose digests differ even if no row is found to differ afterwards."""
    first = next(named, None)
    if first is None:
        borders = f"somewhere from {key_range.after} to {key_range.upto}"
        first = Difference(task.encoder.pair.target.name, borders, DifferenceKind.CHANGED)
    yield first
    yield from named
