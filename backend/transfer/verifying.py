"""Compare every row of both sides, range by range, and name what differs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

from backend.db.sqlite_reader import file_errors
from backend.tablecopy.encoder import Encoder
from backend.tablecopy.pool import Runner
from backend.tablecopy.results import Difference, DifferenceKind, KeyRange
from backend.tablecopy.row_diff import differences
from backend.tablecopy.snapshot import one_moment
from backend.tablecopy.sqlite.key_ranges import sample_ranges
from backend.transfer.report import Findings, Report, TableReport
from backend.transfer.rules import is_ours, put_rules
from backend.transfer.run import Run
from backend.transfer.units import CompareUnit, Part

if TYPE_CHECKING:
    from backend.invariants.checks import Verdict

# Beyond this many nobody reads them one by one; then all that is known is that there are more.
_MOST_NAMED = 10_000
# Ranges that a worker compares before it answers.
_RANGES = 8


def verify(run: Run) -> Report:
    """Compare both sides as they are, each as of one moment; nothing is written anywhere."""
    schema = run.sides.target.schema
    tables = tuple(
        TableReport(pair.target.name, run.sides.source_rows(pair.source.name))
        for pair in run.pairing.pairs
    )
    with one_moment(run.sides.session) as moment:
        with run.pool() as pool:
            pool.join(moment)
            rows = sum(table.rows for table in tables)
            found = compare(run, pool, schema, everything(run, run.encoders()), rows=rows)
        findings = Findings(differences=found, verdict=rules_of_ours(run, schema, moment))
    outcome = "the two sides differ" if found else f"{run.every_row} is the same on both sides"
    return run.report(outcome, tables=tables, findings=findings)


def everything(run: Run, encoders: Iterable[Encoder]) -> Iterator[Part]:
    """Divide whole tables, while the workers are busy with what came before."""
    for encoder in encoders:
        with file_errors(run.sides.source.path):
            ranges = sample_ranges(
                run.sides.source.connection, encoder.pair, rows=run.options.rows_at_once
            )
        yield encoder, [(key_range, None) for key_range in ranges]


def compare(
    run: Run, pool: Runner, schema: str, parts: Iterable[Part], *, rows: int = 0
) -> tuple[Difference, ...]:
    """Name every row of these parts in which a schema of the target is not what the source is."""
    found: list[Difference] = []
    # Without an order that both sides keep there are no ranges to share out.
    whole: list[Encoder] = []
    with run.stage("compare", rows):
        for unit, (compared, different) in pool.run(_units(schema, parts, whole)):
            run.watcher.advance(unit.encoder.pair.target.name, compared)
            for key_range in different:
                named = _seen_to_differ(
                    unit, key_range, _named(run, schema, unit.encoder, key_range)
                )
                found += islice(named, _MOST_NAMED - len(found))
        for encoder in whole:
            named = _named(run, schema, encoder, KeyRange())
            found += islice(named, _MOST_NAMED - len(found))
    return tuple(found)


def rules_of_ours(run: Run, schema: str, moment: str = "") -> Verdict | None:
    """Put the app's rules to a schema, if it is the app's and was copied whole."""
    if (
        run.options.tables
        or run.options.excluded
        or not is_ours(pair.target.name for pair in run.pairing.pairs)
    ):
        return None
    with run.stage("rules"):
        return put_rules(run.options.target, schema, moment)


def _units(schema: str, parts: Iterable[Part], whole: list[Encoder]) -> Iterator[CompareUnit]:
    for encoder, ranges in parts:
        if not encoder.pair.ordered:
            whole.append(encoder)
            continue
        for first in range(0, len(ranges), _RANGES):
            yield CompareUnit(encoder, schema, tuple(ranges[first : first + _RANGES]))


def _named(run: Run, schema: str, encoder: Encoder, key_range: KeyRange) -> Iterator[Difference]:
    return differences(run.sides.source.connection, run.sides.session, schema, encoder, key_range)


def _seen_to_differ(
    unit: CompareUnit, key_range: KeyRange, named: Iterator[Difference]
) -> Iterator[Difference]:
    """Let a range whose digests differ count as different, even if a second look sees nothing."""
    first = next(named, None)
    if first is None:
        borders = f"somewhere from {key_range.after} to {key_range.upto}"
        first = Difference(unit.encoder.pair.target.name, borders, DifferenceKind.CHANGED)
    yield first
    yield from named
