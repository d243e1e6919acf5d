"""Name every value that the target could not hold."""

from __future__ import annotations

from itertools import islice

from backend.tablecopy.sqlite.badvalues import bad_values
from backend.transfer.report import Findings, Report, TableReport
from backend.transfer.run import Run

# Beyond this many nobody reads them one by one, and memory has to end somewhere.
_MOST_NAMED = 10_000


def check(run: Run) -> Report:
    """Read the whole file and say what would be refused; nothing is written anywhere."""
    found = named_bad_values(run)
    tables = tuple(
        TableReport(pair.target.name, run.sides.source_rows(pair.source.name))
        for pair in run.pairing.pairs
    )
    outcome = "some values cannot be loaded" if found.bad_values else "every value can be loaded"
    return run.report(outcome, tables=tables, findings=found)


def named_bad_values(run: Run) -> Findings:
    """Go through every table."""
    with run.stage("check"):
        # With their order looked at, so that rows are named by the key that people know.
        pairs = [one.pair for one in run.encoders()]
        found = bad_values(run.sides.source.connection, pairs, run.options.casts)
        named = tuple(islice(found, _MOST_NAMED))
        rest = sum(1 for _ in found)
    notes = (f"{rest:,} bad values more are not named",) if rest else ()
    return Findings(notes=notes, bad_values=named)
