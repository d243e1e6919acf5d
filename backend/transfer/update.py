"""Update a target that holds rows: only the rows that differ are written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from backend.db.errors import DUPLICATE
from backend.db.sqlite_reader import file_errors
from backend.errors import DataError, RefusedError
from backend.tablecopy.cascades import CascadeEffect
from backend.tablecopy.encoder import Encoder
from backend.tablecopy.pool import Pool
from backend.tablecopy.results import KeyRange
from backend.tablecopy.sqlite.key_ranges import sample_ranges
from backend.tablecopy.update import Parts, TableChange, Update, find_changed_ranges, write
from backend.tablecopy.violations import ViolationsError
from backend.transfer.check import bad_rows, refusals
from backend.transfer.compare_task import Part
from backend.transfer.report import Findings, Report, TableReport
from backend.transfer.run import AS_BEFORE, Run
from backend.transfer.verify import check_app_invariants, compare

Changes = Mapping[str, TableChange]


def update(run: Run) -> Report:
    """Find what differs, write it in one transaction, and compare that again.

    Rows that only the target has stay, and are reported, unless --delete was given.
    """
    with run.pool() as pool:
        encoders = {one.pair.target.name: one for one in run.encoders()}
        effects: list[CascadeEffect] = []
        what = _update(run, encoders, effects.append)
        try:
            with run.stage("find"):
                parts = find_changed_ranges(pool, what)
            with run.stage("write"):
                changes = write(run.endpoints.session, what, parts)
        except ViolationsError as error:
            return run.report(AS_BEFORE, findings=bad_rows(error.found))
        except DataError as error:
            return run.report(AS_BEFORE, findings=_named(run, error))
        run.notes += [f"{one.table}: {one.describe('were')}" for one in effects]
        findings = _compared(run, pool, encoders, parts)
    return _report(run, changes, findings)


def _named(run: Run, error: DataError) -> Findings:
    """Name what was refused; explain a unique value that rows would have to exchange."""
    try:
        return refusals(run, error)
    except DataError:
        cause = error.__cause__
        if not isinstance(cause, DUPLICATE):
            raise
        table, constraint = cause.diag.table_name, cause.diag.constraint_name
        raise RefusedError(
            f"rows of {table} exchange values of {constraint}, which looks at one row at a time",
            hint="make it DEFERRABLE, or write one of the rows by hand; the target is as it was",
        ) from error


def _update(
    run: Run, encoders: Mapping[str, Encoder], on_cascade: Callable[[CascadeEffect], None]
) -> Update:
    return Update(
        run.endpoints.source,
        run.match,
        encoders,
        delete=run.options.delete,
        allow_cascade=run.options.allow_cascade,
        on_cascade=on_cascade,
        batch_rows=run.options.rows_per_batch,
        high_water=run.high_water,
    )


def _compared(run: Run, pool: Pool, encoders: Mapping[str, Encoder], parts: Parts) -> Findings:
    """Compare the ranges that differed; the others were equal a moment ago."""
    schema = run.endpoints.target.schema
    again = (_divided(run, encoders[name], ranges) for name, ranges in parts.items())
    found = compare(run, pool, schema, again)
    return Findings(
        differences=found, invariants=check_app_invariants(run, schema) if parts else None
    )


def _divided(run: Run, encoder: Encoder, ranges: Iterable[KeyRange]) -> Part:
    """Divide ranges that are too large for one digest, such as a whole table that differed."""
    source, rows = run.endpoints.source, run.options.rows_per_batch
    with file_errors(source.path):
        return encoder, [
            (part, None)
            for one in ranges
            for part in sample_ranges(source.connection, encoder.pair, rows=rows, within=one)
        ]


def _report(run: Run, changes: Changes, findings: Findings) -> Report:
    tables = tuple(
        TableReport(
            pair.target.name,
            run.endpoints.source.count_rows(pair.source.name),
            changes[pair.target.name].inserted,
            changes[pair.target.name].updated,
            changes[pair.target.name].deleted,
        )
        for pair in run.match.pairs
    )
    outcome = "the target differs" if findings.exit_code else run.done
    return run.report(outcome, tables=tables, findings=findings)
