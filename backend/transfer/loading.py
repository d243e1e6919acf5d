"""Load into a shadow, compare it with the source, and let it take the place of the live tables."""

from __future__ import annotations

from backend.errors import DataError
from backend.tablecopy.contents import NOTHING
from backend.tablecopy.encoder import Encoder
from backend.tablecopy.load import Load, LoadResult, count_rows, load
from backend.tablecopy.pool import Pool
from backend.tablecopy.results import Difference
from backend.tablecopy.shadow.indexes import finish
from backend.tablecopy.shadow.schema import Shadow, shadow_for
from backend.tablecopy.shadow.swap import Swap, swap
from backend.tablecopy.violations import OffendingRowsError
from backend.transfer.checking import bad_rows, refusals
from backend.transfer.options import Task
from backend.transfer.report import Findings, Report, TableReport
from backend.transfer.run import Run
from backend.transfer.verifying import compare, rules_of_ours

_AS_BEFORE = "the target is as it was"


def load_and_swap(run: Run) -> Report:
    """Fill an empty target, or exchange what a full one holds.

    Until the last step nobody sees anything of it; when a step fails, the shadow is removed.
    """
    tables = [pair.target.name for pair in run.pairing.pairs]
    # None: whatever is there has been given up by the operator.
    seeds = None if run.options.task is Task.REPLACE else NOTHING
    schema, session = run.sides.target.schema, run.sides.session
    with shadow_for(session, schema, tables, seeds=seeds) as shadow:
        try:
            result, differences = _filled(run, shadow)
        except OffendingRowsError as error:
            return run.report(_AS_BEFORE, findings=bad_rows(error.found))
        except DataError as error:
            # That something was refused is known; what it is, is looked for only now.
            return run.report(_AS_BEFORE, findings=refusals(run, error))
        verdict = None if differences else rules_of_ours(run, shadow.name)
        findings = Findings(differences=differences, verdict=verdict)
        if findings.exit_code:
            return _report(run, _AS_BEFORE, result, findings)
        with run.stage("swap"):
            _swap(run, shadow)
    return _report(run, run.done, result, findings)


def _filled(run: Run, shadow: Shadow) -> tuple[LoadResult, tuple[Difference, ...]]:
    """Load, complete, and compare what is stored with the digests of what was sent."""
    with run.pool() as pool:
        encoders = run.encoders()
        result = _loaded(run, pool, shadow, encoders)
        with run.stage("finish"):
            finish(shadow, run.sides.target, rows=result.rows)
        parts = [(one, result.tables[one.pair.target.name].digests) for one in encoders]
        return result, compare(run, pool, shadow.name, parts, rows=sum(result.rows.values()))


def _loaded(run: Run, pool: Pool, shadow: Shadow, encoders: tuple[Encoder, ...]) -> LoadResult:
    rows = sum(count_rows(run.sides.source, encoders).values())
    what = Load(
        run.sides.source,
        encoders,
        shadow.name,
        run.options.rows_at_once,
        on_progress=run.watcher.advance,
    )
    with run.stage("load", rows):
        return load(pool, what)


def _swap(run: Run, shadow: Shadow) -> None:
    pairs = run.pairing.pairs
    high_water = {pair.target.name: pair.source.high_water or 0 for pair in pairs}
    swap(run.sides.session, Swap(shadow, tuple(pair.target for pair in pairs), high_water))


def _report(run: Run, outcome: str, result: LoadResult, findings: Findings) -> Report:
    tables = tuple(TableReport(name, rows, written=rows) for name, rows in result.rows.items())
    return run.report(outcome, tables=tables, findings=findings, casts=result.uses)
