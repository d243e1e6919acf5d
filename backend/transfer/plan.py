"""What a run is going to do, from a look at both sides that touches neither."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from backend.errors import RefusedError
from backend.schema.match import SchemaMatch
from backend.tablecopy.contents import NOTHING, Contents, contents
from backend.tablecopy.login_privileges import readable
from backend.tablecopy.obstacle import Obstacle
from backend.tablecopy.postgres.session import translated
from backend.tablecopy.shadow.schema import left_over
from backend.transfer.migration_tables import History
from backend.transfer.migration_tables import notes as history_notes
from backend.transfer.options import Options
from backend.transfer.preflight import Scene, obstacles
from backend.transfer.report import Findings, Report, TableReport
from backend.transfer.rules import BOOKKEEPING, is_ours
from backend.transfer.sides import Sides


@dataclass(frozen=True)
class Plan:
    """The tables to copy, how many rows each has, and what is in the way."""

    options: Options
    # Nothing, while the tables are still to be made.
    pairing: SchemaMatch
    rows: Mapping[str, int]
    obstacles: tuple[Obstacle, ...] = ()
    pending: tuple[str, ...] = ()
    held: Contents = NOTHING
    left_over: tuple[str, ...] = ()
    histories: tuple[History, ...] = ()

    @property
    def is_empty_target(self) -> bool:
        """Tell whether nothing would be lost if the tables were exchanged."""
        return not self.held.tables

    def notes(self) -> Iterator[str]:
        """Say what is not in the way, and not what everybody would expect."""
        yield from history_notes(self.histories)
        copied = {pair.target.name for pair in self.pairing.pairs}
        for pair in self.pairing.pairs:
            for heir in sorted(set(pair.target.heirs) - copied):
                yield f"{heir} inherits from {pair.target.name}: its rows are its own, left alone"

    def refuse_obstacles(self, migrated: Sequence[str] = ()) -> None:
        """See that nothing is in the way.

        Raises:
            RefusedError: something is; nothing but the schema that was migrated has been touched.
        """
        if self.obstacles:
            said = "; ".join(map(str, self.obstacles))
            done = f"{', '.join(migrated)} was applied, nothing else" if migrated else "nothing"
            raise RefusedError(said, hint=f"{done} was touched; see --dry-run")

    def report(self) -> Report:
        """Say what would be done."""
        options = self.options
        notes = [*self.notes(), *(f"left out: {name}" for name in options.excluded)]
        notes += [f"would migrate: {revision}" for revision in self.pending]
        if options.archive_folder:
            notes.append(f"would archive {options.source.name} to {options.archive_folder}")
        notes += [f"would remove {name}, which a killed transfer left" for name in self.left_over]
        return Report(
            task=options.task,
            source=str(options.source),
            target=str(options.target),
            outcome="nothing was touched",
            tables=tuple(TableReport(name, rows) for name, rows in self.rows.items()),
            findings=Findings(tuple(notes), tuple(map(str, self.obstacles))),
        )


def make_plan(options: Options, sides: Sides, *, tried: bool = False) -> Plan:
    """Look at both sides; once in a run the server is asked what it would refuse to make."""
    pending = _pending(options, sides)
    pairing = SchemaMatch(()) if pending else sides.pair(options)
    found = () if pending else sides.histories(options)
    scene = Scene(options, sides, pairing, pending, found, tried)
    with translated("looking at what the target holds"):
        scene = replace(scene, held=_held(scene))
        in_the_way = obstacles(scene)
        remains = tuple(left_over(sides.session, sides.target.schema))
    return Plan(options, pairing, _rows(scene), in_the_way, pending, scene.held, remains, found)


def _held(scene: Scene) -> Contents:
    session, intent = scene.sides.session, scene.intent
    return contents(session, intent.schema, readable(session, intent))


def _rows(scene: Scene) -> dict[str, int]:
    sides, pairs = scene.sides, scene.pairing.pairs
    if scene.pending:
        tables = sides.source.tables()
        names = {table.name for table in tables if not table.virtual} - BOOKKEEPING
        names -= set(scene.options.excluded)
        return {name: sides.source_rows(name) for name in sorted(names)}
    return {pair.target.name: sides.source_rows(pair.source.name) for pair in pairs}


def _pending(options: Options, sides: Sides) -> tuple[str, ...]:
    """Return the revisions that are to be applied first, if that was asked for."""
    if not options.migrate or not is_ours(table.name for table in sides.source.tables()):
        return ()
    from backend.migrate.backend import Timeouts
    from backend.migrate.history import History
    from backend.migrate.runner import MigrationRequest
    from backend.migrate.status import status

    request = MigrationRequest(options.target, History.of("postgres"), timeouts=Timeouts(wait=5.0))
    return tuple(revision.id for revision in status(request).expand)
