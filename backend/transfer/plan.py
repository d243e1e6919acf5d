"""The plan of a run: what would be done, and every obstacle; both sides are only read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from backend.db.errors import translated
from backend.errors import RefusedError
from backend.schema.match import SchemaMatch
from backend.tablecopy.contents import Contents, contents
from backend.tablecopy.login_privileges import readable_tables
from backend.tablecopy.obstacle import Obstacle
from backend.tablecopy.shadow.schema import left_over_shadows
from backend.transfer.app_schema import BOOKKEEPING, is_app_schema
from backend.transfer.endpoints import TransferEndpoints
from backend.transfer.migration_tables import MigrationTable
from backend.transfer.migration_tables import notes as migration_notes
from backend.transfer.options import TransferOptions
from backend.transfer.preflight import PreflightContext, obstacles
from backend.transfer.report import Findings, Report, TableReport


@dataclass(frozen=True)
class Plan:
    """The tables to copy, how many rows each has, and the obstacles."""

    options: TransferOptions
    # Empty while the tables have yet to be created by migrations.
    match: SchemaMatch
    rows: Mapping[str, int]
    obstacles: tuple[Obstacle, ...] = ()
    pending: tuple[str, ...] = ()
    held: Contents = field(default_factory=Contents)
    left_over_shadows: tuple[str, ...] = ()
    migration_tables: tuple[MigrationTable, ...] = ()

    @property
    def is_empty_target(self) -> bool:
        """Tell whether the target's tables hold no rows."""
        return not self.held.rows

    def notes(self) -> Iterator[str]:
        """Return what the operator should know though it stops nothing."""
        yield from migration_notes(self.migration_tables)
        copied = {pair.target.name for pair in self.match.pairs}
        for pair in self.match.pairs:
            for heir in sorted(set(pair.target.heirs) - copied):
                yield f"{heir} inherits from {pair.target.name}: its rows are its own, left alone"

    def refuse_obstacles(self, migrated: Sequence[str] = ()) -> None:
        """Refuse to go on if there is an obstacle.

        Raises:
            RefusedError: there is one; nothing but the schema that was migrated has been touched.
        """
        if self.obstacles:
            said = "; ".join(map(str, self.obstacles))
            done = f"{', '.join(migrated)} was applied, nothing else" if migrated else "nothing"
            raise RefusedError(said, hint=f"{done} was touched; see --dry-run")

    def report(self) -> Report:
        """Return the answer of a dry run."""
        options = self.options
        notes = [*self.notes(), *(f"left out: {name}" for name in options.excluded)]
        notes += [f"would migrate: {revision}" for revision in self.pending]
        if options.archive_folder:
            notes.append(f"would archive {options.source.name} to {options.archive_folder}")
        notes += [
            f"would remove {name}, which a killed transfer left" for name in self.left_over_shadows
        ]
        return Report(
            mode=options.mode,
            source=str(options.source),
            target=str(options.target),
            outcome="nothing was touched",
            tables=tuple(TableReport(name, rows) for name, rows in self.rows.items()),
            findings=Findings(tuple(notes), tuple(map(str, self.obstacles))),
        )


def make_plan(
    options: TransferOptions, endpoints: TransferEndpoints, *, tried: bool = False
) -> Plan:
    """Inspect both sides; if it has been `tried` before, do not ask the server what it refuses."""
    pending = _pending(options, endpoints)
    match = SchemaMatch(()) if pending else endpoints.match(options)
    found = () if pending else endpoints.migration_tables(options)
    context = PreflightContext(options, endpoints, match, pending, found, tried)
    with translated("looking at what the target holds"):
        context = replace(context, held=_held(context))
        found_obstacles = obstacles(context)
        remains = tuple(left_over_shadows(endpoints.session, endpoints.target.schema))
    held = context.held
    return Plan(options, match, _rows(context), found_obstacles, pending, held, remains, found)


def _held(context: PreflightContext) -> Contents:
    session, intent = context.endpoints.session, context.intent
    return contents(session, intent.schema, readable_tables(session, intent))


def _rows(context: PreflightContext) -> dict[str, int]:
    source, pairs = context.endpoints.source, context.match.pairs
    if context.pending:
        names = {table.name for table in source.tables() if not table.virtual} - BOOKKEEPING
        names -= set(context.options.excluded)
        return {name: source.count_rows(name) for name in sorted(names)}
    return {pair.target.name: source.count_rows(pair.source.name) for pair in pairs}


def _pending(options: TransferOptions, endpoints: TransferEndpoints) -> tuple[str, ...]:
    """Return the revisions that --migrate would apply first."""
    if not options.migrate or not is_app_schema(table.name for table in endpoints.source.tables()):
        return ()
    from backend.migrate.backend import Timeouts
    from backend.migrate.history import History
    from backend.migrate.runner import MigrationRequest
    from backend.migrate.status import status

    request = MigrationRequest(options.target, History.of("postgres"), timeouts=Timeouts(wait=5.0))
    return tuple(revision.id for revision in status(request).expand)
