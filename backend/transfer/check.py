"""`--check`: name every value and every row that the target would refuse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

from backend.errors import AppError, DatabaseError, DataError
from backend.tablecopy.charset import Charset
from backend.tablecopy.check_constraints import KeptRows, check_constraints
from backend.tablecopy.obstacle import Obstacle
from backend.tablecopy.sqlite.bad_values import bad_values
from backend.tablecopy.violations import RowViolations, ViolationKind
from backend.transfer.options import TransferMode
from backend.transfer.report import Findings, Report
from backend.transfer.run import Run

# Beyond this many nobody reads them one by one, and memory has to end somewhere.
_MOST_NAMED = 10_000


def check(run: Run, obstacles: Sequence[Obstacle]) -> Report:
    """Read the whole file and report what would be refused; what is written is rolled back."""
    known = Findings(obstacles=tuple(map(str, obstacles)))
    # Columns of a type without a conversion are among the obstacles.
    convertible = [one for one in run.match.pairs if not run.endpoints.unconverted_columns(one)]
    run.match = run.match.only(pair.target.name for pair in convertible)
    found = _with_bad_rows(run, _named_bad_values(run, known))
    tables = run.source_tables()
    what = run.everything("everything", "but")
    outcome = "not everything can be loaded" if found.exit_code else f"{what} can be loaded"
    return run.report(outcome, tables=tables, findings=found)


def refusals(run: Run, error: DataError) -> Findings:
    """Name everything that a load has refused.

    Raises:
        DataError: the server's own, where nothing can be named.
    """
    try:
        found = _with_bad_rows(run, _named_bad_values(run))
    except AppError as other:
        raise error from other
    if not found.exit_code:
        raise error
    return found


def bad_rows(found: RowViolations) -> Findings:
    """Return the refused rows, with the number of those that are not named."""
    notes = [f"{found.unnamed:,} refused rows more are not named"] if found.unnamed else []
    if {ViolationKind.TRIGGER, ViolationKind.REFUSED} & found.counts.keys():
        notes.append("what triggers change is not exact: ALTER TABLE … DISABLE TRIGGER … meanwhile")
    return Findings(notes=tuple(notes), bad_rows=found.rows)


def _with_bad_rows(run: Run, found: Findings) -> Findings:
    session, source = run.endpoints.session, run.endpoints.source.connection
    with run.stage("constraints"):
        try:
            rows = bad_rows(check_constraints(session, source, run.encoders(), _kept_rows(run)))
        except (DataError, DatabaseError) as error:
            if not found.exit_code:
                raise
            return found.with_notes([f"rows were not looked at: {error}"])
    return replace(found, notes=(*found.notes, *rows.notes), bad_rows=rows.bad_rows)


def _kept_rows(run: Run) -> KeptRows:
    if run.options.effective_mode is not TransferMode.UPDATE:
        return KeptRows.NOTHING
    return KeptRows.COLUMNS if run.options.delete else KeptRows.ROWS


def _named_bad_values(run: Run, known: Findings | None = None) -> Findings:
    """Read every table, and add its bad values to the known findings."""
    with run.stage("check"):
        # From the encoders, which know the key by which people name rows.
        pairs = [one.pair for one in run.encoders()]
        charset = Charset(run.endpoints.session)
        found = bad_values(
            run.endpoints.source.connection,
            pairs,
            run.options.casts,
            charset if charset.lacks_some else None,
        )
        named = tuple(islice(found, _MOST_NAMED))
        rest = sum(1 for _ in found)
    notes = (f"{rest:,} bad values more are not named",) if rest else ()
    return replace(known or Findings(), notes=notes, bad_values=named)
