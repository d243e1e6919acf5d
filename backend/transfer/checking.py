"""Name every value that the target could not hold, and every row that could not be with others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

from backend.errors import AppError, DatabaseError, DataError
from backend.tablecopy.charset import Charset
from backend.tablecopy.check_constraints import Beside, rehearse
from backend.tablecopy.obstacle import Obstacle
from backend.tablecopy.sqlite.bad_values import bad_values
from backend.tablecopy.violations import OffenceKind, Offences
from backend.transfer.options import Task
from backend.transfer.report import Findings, Report, TableReport
from backend.transfer.run import Run

# Beyond this many nobody reads them one by one, and memory has to end somewhere.
_MOST_NAMED = 10_000


def check(run: Run, obstacles: Sequence[Obstacle]) -> Report:
    """Read the whole file and say what would be refused; nothing that is written lasts."""
    known = Findings(obstacles=tuple(map(str, obstacles)))
    # The others are in the obstacles.
    castable = [pair for pair in run.pairing.pairs if not run.sides.without_rule(pair)]
    run.pairing = run.pairing.only(pair.target.name for pair in castable)
    found = _with_bad_rows(run, named_bad_values(run, known))
    tables = tuple(
        TableReport(pair.target.name, run.sides.source_rows(pair.source.name))
        for pair in run.pairing.pairs
    )
    what = run.everything("everything", "but")
    outcome = "not everything can be loaded" if found.exit_code else f"{what} can be loaded"
    return run.report(outcome, tables=tables, findings=found)


def refusals(run: Run, error: DataError) -> Findings:
    """Name what a load has refused, all of it.

    Raises:
        DataError: the server's own, where nobody else can name anything.
    """
    try:
        found = _with_bad_rows(run, named_bad_values(run))
    except AppError as other:
        raise error from other
    if not found.exit_code:
        raise error
    return found


def bad_rows(found: Offences) -> Findings:
    """Say which rows are refused, and how many more."""
    notes = [f"{found.unnamed:,} refused rows more are not named"] if found.unnamed else []
    if {OffenceKind.TRIGGER, OffenceKind.REFUSED} & found.counts.keys():
        notes.append("what triggers change is not exact: ALTER TABLE … DISABLE TRIGGER … meanwhile")
    return Findings(notes=tuple(notes), bad_rows=found.rows)


def _with_bad_rows(run: Run, found: Findings) -> Findings:
    session, source = run.sides.session, run.sides.source.connection
    with run.stage("rehearse"):
        try:
            rows = bad_rows(rehearse(session, source, run.encoders(), _beside(run)))
        except (DataError, DatabaseError) as error:
            if not found.exit_code:
                raise
            return found.with_notes([f"rows were not looked at: {error}"])
    return replace(found, notes=(*found.notes, *rows.notes), bad_rows=rows.bad_rows)


def _beside(run: Run) -> Beside:
    if run.options.way is not Task.UPDATE:
        return Beside.NOTHING
    return Beside.COLUMNS if run.options.delete else Beside.ROWS


def named_bad_values(run: Run, known: Findings | None = None) -> Findings:
    """Go through every table, and add what is found to what is known."""
    with run.stage("check"):
        # With their order looked at, so that rows are named by the key that people know.
        pairs = [one.pair for one in run.encoders()]
        charset = Charset(run.sides.session)
        found = bad_values(
            run.sides.source.connection,
            pairs,
            run.options.casts,
            charset if charset.lacks_some else None,
        )
        named = tuple(islice(found, _MOST_NAMED))
        rest = sum(1 for _ in found)
    notes = (f"{rest:,} bad values more are not named",) if rest else ()
    return replace(known or Findings(), notes=notes, bad_values=named)
