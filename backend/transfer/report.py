"""The answer of a run: as lines for people, as JSON, and as the file of --report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backend.cli.answer import to_json
from backend.db import private_files
from backend.errors import DatabaseError, ExitCode
from backend.tablecopy.results import BadValue, Difference
from backend.transfer.bad_value_lines import bad_value_lines

if TYPE_CHECKING:
    from backend.invariants.checks import InvariantReport
    from backend.tablecopy.violations import RowViolation
    from backend.transfer.archive import Archived

_SHOWN = 20
# Conversions that need no option, because the value can mean one thing only.
_CONVERSIONS = {"sqlalchemy_intervals": "read as a span of time: a moment counted from 1970"}


@dataclass(frozen=True)
class TableReport:
    """What was done to one table; `changed` and `removed` only in an update."""

    name: str
    rows: int
    written: int = 0
    changed: int = 0
    removed: int = 0


@dataclass(frozen=True)
class Findings:
    """Everything that was found, and whether it stops a run."""

    notes: tuple[str, ...] = ()
    obstacles: tuple[str, ...] = ()
    bad_values: tuple[BadValue, ...] = ()
    bad_rows: tuple[RowViolation, ...] = ()
    differences: tuple[Difference, ...] = ()
    invariants: InvariantReport | None = None

    @property
    def exit_code(self) -> ExitCode:
        """Return the exit code of the command."""
        if self.bad_values or self.bad_rows:
            return ExitCode.DATA
        if self.differences or (self.invariants and not self.invariants.is_clean):
            return ExitCode.FOUND_WANTING
        return ExitCode.REFUSED if self.obstacles else ExitCode.DONE

    def with_notes(self, notes: Iterable[str]) -> Findings:
        """Return these findings with more notes in front."""
        return replace(self, notes=(*notes, *self.notes))


@dataclass(frozen=True)
class Report:
    """The answer of a run."""

    mode: str
    source: str
    target: str
    outcome: str
    tables: tuple[TableReport, ...] = ()
    findings: Findings = field(default_factory=Findings)
    casts: Mapping[str, int] = field(default_factory=dict)
    migrated: tuple[str, ...] = ()
    archived: Archived | None = None
    set_readonly: bool = False
    seconds: Mapping[str, float] = field(default_factory=dict)

    @property
    def exit_code(self) -> ExitCode:
        """Return the exit code of the command."""
        return self.findings.exit_code

    def with_note(self, note: str) -> Report:
        """Return this report with one note more."""
        return replace(self, findings=self.findings.with_notes([note]))

    def lines(self) -> list[str]:
        """Return the report as text, with the first of what was found."""
        return [
            f"{self.source} → {self.target}",
            *(f"  {line}" for line in self._steps()),
            *(f"  {line}" for line in _table(self.tables, sum(self.seconds.values()))),
            *(f"  {line}" for line in _found(self.findings)),
            f"  {self.outcome}",
        ]

    def as_dict(self) -> dict[str, Any]:  # what json.dumps takes
        """Return the report for JSON, with everything that was found."""
        archived = self.archived and {**asdict(self.archived), "path": str(self.archived.path)}
        found = self.findings
        return {
            "task": self.mode,
            "source": self.source,
            "target": self.target,
            "outcome": self.outcome,
            "exit_code": int(self.exit_code),
            "archived": archived,
            "migrated": list(self.migrated),
            "tables": [asdict(table) for table in self.tables],
            "casts": dict(self.casts),
            "notes": list(found.notes),
            "obstacles": list(found.obstacles),
            "bad_values": [asdict(one) for one in found.bad_values],
            "bad_rows": [asdict(one) for one in found.bad_rows],
            "differences": [asdict(one) for one in found.differences],
            "rules": found.invariants and found.invariants.as_dict(),
            "set_readonly": self.set_readonly,
            "seconds": {name: round(value, 2) for name, value in self.seconds.items()},
        }

    def _steps(self) -> list[str]:
        lines = []
        if self.archived:
            lines.append(
                f"archived: {self.archived.path} ({self.archived.bytes:,} bytes, compared)"
            )
        lines += [f"migrated: {revision}" for revision in self.migrated]
        lines += [f"nobody may write to {self.source} any more"] * self.set_readonly
        lines += [f"note: {note}" for note in self.findings.notes]
        lines += [
            f"{_CONVERSIONS.get(name, f'read otherwise by option: {name}')}, {n:,} times"
            for name, n in self.casts.items()
        ]
        return lines


def write_report(report: Report, path: Path) -> None:
    """Write the whole report to a file, which is replaced as a whole or not at all."""
    try:
        # Whoever may enter its folder may read it: a container writes it for the operator.
        private_files.replace(path, to_json(report.as_dict()) + "\n", mode=0o644)
    except OSError as error:
        raise DatabaseError(
            f"the report {path} cannot be written: {error.strerror}",
            hint="what was done is done; run --verify-only for another one",
        ) from None


def _table(tables: Sequence[TableReport], seconds: float) -> list[str]:
    """Return the rows of each table, in columns."""
    if not tables:
        return []
    width = max(len("in all"), *(len(table.name) for table in tables))
    lines = [f"{table.name:{width}}  {table.rows:>12,} rows{_changes(table)}" for table in tables]
    total = sum(table.rows for table in tables)
    speed = f"  in {seconds:.1f} s, {total / seconds:,.0f} a second" if seconds else ""
    return [*lines, f"{'in all':{width}}  {total:>12,} rows{speed}"]


def _changes(table: TableReport) -> str:
    if table.written == table.rows and not (table.changed or table.removed):
        return ""
    parts = {"written": table.written, "changed": table.changed, "removed": table.removed}
    said = [f"{number:,} {what}" for what, number in parts.items() if number]
    return f"  ({', '.join(said)})" if said else ""


def _found(findings: Findings) -> list[str]:
    lines = [f"in the way: {one}" for one in findings.obstacles]
    lines += bad_value_lines(findings.bad_values)
    lines += _some("refused row", [_bad_row(one) for one in findings.bad_rows])
    lines += _some("difference", [_difference(one) for one in findings.differences])
    if findings.invariants:
        lines += findings.invariants.lines()
    return lines


def _some(what: str, texts: Sequence[str]) -> list[str]:
    """Return the first few, and how many there are if there are more."""
    lines = [f"{what}: {one}" for one in texts[:_SHOWN]]
    if len(texts) > _SHOWN:
        lines.append(f"{what}: {len(texts):,} in all; --report FILE names each of them")
    return lines


def _bad_row(one: RowViolation) -> str:
    return f"{one.table} {one.key}: {one.kind} ({one.constraint}): {one.value}"


def _difference(one: Difference) -> str:
    if not one.column:
        return f"{one.table} {one.key} is {one.kind} in the target"
    values = f"{one.source} in the source, {one.target} in the target"
    return f"{one.table} {one.key} {one.column}: {values}"
