"""What a run is going to do, from a look at both sides that touches neither."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from backend.errors import RefusedError
from backend.tablecopy.pairing import FindingKind, Pairing
from backend.tablecopy.postgres.emptiness import Contents, contents
from backend.tablecopy.postgres.session import translated
from backend.tablecopy.postgres.shadow import left_over
from backend.transfer.options import Options, Task
from backend.transfer.report import Findings, Report, TableReport
from backend.transfer.rules import BOOKKEEPING
from backend.transfer.sides import Sides

_FLAGS = {
    FindingKind.TABLE_ONLY_IN_SOURCE: "--allow-extra-tables",
    FindingKind.TABLE_ONLY_IN_TARGET: "--allow-missing-tables",
    FindingKind.COLUMN_ONLY_IN_SOURCE: "--allow-extra-columns",
    FindingKind.COLUMN_ONLY_IN_TARGET: "--allow-missing-columns",
}


@dataclass(frozen=True)
class Plan:
    """The tables to copy, how many rows each has, and what is in the way."""

    options: Options
    # Nothing, while the tables are still to be made.
    pairing: Pairing
    rows: Mapping[str, int]
    pending: tuple[str, ...] = ()
    held: Contents = field(default_factory=Contents)
    left_over: tuple[str, ...] = ()

    @property
    def is_empty_target(self) -> bool:
        """Tell whether nothing would be lost if the tables were exchanged."""
        return not self.held.tables

    def obstacles(self) -> Iterator[str]:
        """Say what is in the way, and by which flag it would not be."""
        if not self.pairing.pairs and not self.pending:
            yield "the target has no table that the source has too (--migrate makes the app's)"
            return
        for finding in self.pairing.open_findings:
            flag = _FLAGS.get(finding.kind)
            yield f"{finding} ({flag})" if flag else str(finding)
        if self.options.task is Task.LOAD and not self.is_empty_target:
            yield f"the target is not empty: {self.held} (--update or --truncate)"

    def refuse_obstacles(self) -> None:
        """See that nothing is in the way.

        Raises:
            RefusedError: something is; nothing has been touched.
        """
        found = list(self.obstacles())
        if found:
            raise RefusedError("; ".join(found), hint="nothing was touched; see --dry-run")

    def report(self) -> Report:
        """Say what would be done."""
        options = self.options
        notes = [f"would migrate: {revision}" for revision in self.pending]
        if options.archive_folder:
            notes.append(f"would archive {options.source.name} to {options.archive_folder}")
        notes += [f"would remove {name}, which a killed transfer left" for name in self.left_over]
        return Report(
            task=options.task,
            source=str(options.source),
            target=str(options.target),
            outcome="nothing was touched",
            tables=tuple(TableReport(name, rows) for name, rows in self.rows.items()),
            findings=Findings(tuple(notes), tuple(self.obstacles())),
        )


def make_plan(options: Options, sides: Sides) -> Plan:
    """Look at both sides."""
    pending = _pending(options)
    pairing = Pairing(()) if pending else sides.pair(options)
    with translated("looking at what the target holds"):
        tables = [pair.target.name for pair in pairing.pairs]
        held = contents(sides.session, sides.target.schema, tables)
        remains = tuple(left_over(sides.session, sides.target.schema))
    if pending:
        names = {table.name for table in sides.source.tables()} - BOOKKEEPING
        rows = {name: sides.source_rows(name) for name in sorted(names)}
    else:
        rows = {pair.target.name: sides.source_rows(pair.source.name) for pair in pairing.pairs}
    return Plan(options, pairing, rows, pending, held, remains)


def _pending(options: Options) -> tuple[str, ...]:
    """Return the revisions that are to be applied first, if that was asked for."""
    if not options.migrate:
        return ()
    from backend.migrate.ground import Patience
    from backend.migrate.history import History
    from backend.migrate.look import status
    from backend.migrate.runner import Request

    request = Request(options.target, History.of("postgres"), patience=Patience(wait=5.0))
    return tuple(revision.id for revision in status(request).expand)
