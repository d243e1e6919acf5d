"""Fill an empty target without exchanging its tables: for those that cannot be exchanged."""

from __future__ import annotations

import psycopg
from psycopg import errors

from backend.errors import DataError
from backend.tablecopy.direct_load import DirectLoad, load_in_place
from backend.tablecopy.load import LoadResult
from backend.tablecopy.pool import OneSession
from backend.tablecopy.postgres.session import translated
from backend.tablecopy.results import Difference
from backend.transfer.checking import refusals
from backend.transfer.report import Findings, Report, TableReport
from backend.transfer.run import Run
from backend.transfer.updating import update
from backend.transfer.verifying import compare, rules_of_ours

_AS_BEFORE = "the target is as it was"


def fill(run: Run) -> Report:
    """Load and compare in one transaction, which ends only when nothing differs.

    Where a trigger refuses or changes rows, an update is tried: it goes by rows, and names them.
    """
    session = run.sides.session
    try:
        with translated("loading in place"), session.transaction() as transaction:
            result, found = _filled(run)
            if found:
                raise psycopg.Rollback(transaction)
    except DataError as error:
        if isinstance(error.__cause__, errors.RaiseException):
            return update(run)
        # That something was refused is known; what it is, is looked for only now.
        return run.report(_AS_BEFORE, findings=refusals(run, error))
    if found:
        return update(run)
    findings = Findings(verdict=rules_of_ours(run, run.sides.target.schema))
    return _report(run, "the target differs" if findings.exit_code else run.done, result, findings)


def _filled(run: Run) -> tuple[LoadResult, tuple[Difference, ...]]:
    session, schema = run.sides.session, run.sides.target.schema
    encoders = {one.pair.target.name: one for one in run.encoders()}
    what = DirectLoad(
        run.sides.source,
        run.pairing,
        encoders,
        run.options.rows_at_once,
        {pair.target.name: pair.source.high_water or 0 for pair in run.pairing.pairs},
        run.watcher.advance,
    )
    rows = sum(run.sides.source_rows(pair.source.name) for pair in run.pairing.pairs)
    with run.stage("load", rows):
        result = load_in_place(session, what)
    runner = OneSession(run.sides.source.connection, session)
    parts = [(one, result.tables[name].digests) for name, one in encoders.items()]
    return result, compare(run, runner, schema, parts, rows=rows)


def _report(run: Run, outcome: str, result: LoadResult, findings: Findings) -> Report:
    tables = tuple(TableReport(name, rows, written=rows) for name, rows in result.rows.items())
    return run.report(outcome, tables=tables, findings=findings, casts=result.uses)
