"""Load whole tables: into a shadow that is compared and swapped in, or in place."""

from __future__ import annotations

from backend.db.errors import RAISED_BY_TRIGGER, translated
from backend.db.session import Rollback
from backend.errors import DataError
from backend.tablecopy.direct_load import DirectLoad, load_in_place
from backend.tablecopy.encoder import Encoder
from backend.tablecopy.load import Load, LoadResult, load
from backend.tablecopy.pool import LocalRunner, Pool
from backend.tablecopy.results import Difference
from backend.tablecopy.shadow.indexes import build_indexes
from backend.tablecopy.shadow.schema import Shadow, temporary_shadow
from backend.tablecopy.shadow.swap import Swap, swap
from backend.tablecopy.violations import ViolationsError
from backend.transfer.check import bad_rows, refusals
from backend.transfer.options import TransferMode
from backend.transfer.report import Findings, Report, TableReport
from backend.transfer.run import AS_BEFORE, Run
from backend.transfer.update import update
from backend.transfer.verify import check_app_invariants, compare


def load_and_swap(run: Run) -> Report:
    """Load into a shadow, compare it with the source, and swap it in for the live tables.

    Nothing is visible before the swap; when a step fails, the shadow is removed.
    """
    tables = [pair.target.name for pair in run.match.pairs]
    replaces = run.options.mode is TransferMode.REPLACE
    schema, session = run.endpoints.target.schema, run.endpoints.session
    with temporary_shadow(session, schema, tables, replaces=replaces) as shadow:
        try:
            result, differences = _filled(run, shadow)
        except ViolationsError as error:
            return run.report(AS_BEFORE, findings=bad_rows(error.found))
        except DataError as error:
            # The load says only that something was refused; now find out what.
            return run.report(AS_BEFORE, findings=refusals(run, error))
        invariants = None if differences else check_app_invariants(run, shadow.name)
        findings = Findings(differences=differences, invariants=invariants)
        if findings.exit_code:
            return _report(run, AS_BEFORE, result, findings)
        with run.stage("swap"):
            _swap(run, shadow)
    return _report(run, run.done, result, findings)


def _filled(run: Run, shadow: Shadow) -> tuple[LoadResult, tuple[Difference, ...]]:
    """Load, complete, and compare what is stored with the digests of what was sent."""
    with run.pool() as pool:
        encoders = run.encoders()
        result = _loaded(run, pool, shadow, encoders)
        with run.stage("finish"):
            build_indexes(shadow, run.endpoints.target, rows=result.rows)
        parts = [(one, result.tables[one.pair.target.name].digests) for one in encoders]
        return result, compare(run, pool, shadow.name, parts, rows=sum(result.rows.values()))


def _loaded(run: Run, pool: Pool, shadow: Shadow, encoders: tuple[Encoder, ...]) -> LoadResult:
    rows = sum(table.rows for table in run.source_tables())
    what = Load(
        run.endpoints.source,
        encoders,
        shadow.name,
        run.options.rows_per_batch,
        on_progress=run.watcher.advance,
    )
    with run.stage("load", rows):
        return load(pool, what)


def _swap(run: Run, shadow: Shadow) -> None:
    targets = tuple(pair.target for pair in run.match.pairs)
    swap(run.endpoints.session, Swap(shadow, targets, run.high_water))


def load_or_update(run: Run) -> Report:
    """Load an empty target in one transaction, without a shadow, and commit if nothing differs.

    Where a trigger refuses or changes rows, update instead: that writes row by row and names them.
    """
    session = run.endpoints.session
    try:
        with translated("loading in place"), session.transaction() as transaction:
            result, found = _filled_in_place(run)
            if found:
                raise Rollback(transaction)
    except DataError as error:
        if isinstance(error.__cause__, RAISED_BY_TRIGGER):
            return update(run)
        return run.report(AS_BEFORE, findings=refusals(run, error))
    if found:
        return update(run)
    findings = Findings(invariants=check_app_invariants(run, run.endpoints.target.schema))
    return _report(run, "the target differs" if findings.exit_code else run.done, result, findings)


def _filled_in_place(run: Run) -> tuple[LoadResult, tuple[Difference, ...]]:
    session, schema = run.endpoints.session, run.endpoints.target.schema
    encoders = {one.pair.target.name: one for one in run.encoders()}
    what = DirectLoad(
        run.endpoints.source,
        run.match,
        encoders,
        run.options.rows_per_batch,
        run.high_water,
        run.watcher.advance,
    )
    rows = sum(table.rows for table in run.source_tables())
    with run.stage("load", rows):
        result = load_in_place(session, what)
    runner = LocalRunner(run.endpoints.source.connection, session)
    parts = [(one, result.tables[name].digests) for name, one in encoders.items()]
    return result, compare(run, runner, schema, parts, rows=rows)


def _report(run: Run, outcome: str, result: LoadResult, findings: Findings) -> Report:
    tables = tuple(TableReport(name, rows, written=rows) for name, rows in result.rows.items())
    return run.report(outcome, tables=tables, findings=findings, casts=result.uses)
