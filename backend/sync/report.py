"""The reports of runs: whole for machines, shortened for people."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Protocol

from backend.cli.answer import Answer
from backend.sync.options import Direction, Endpoints
from backend.sync.report_lines import (
    DONE,
    committed_lines,
    conflict_lines,
    counted,
    deletion_lines,
    exit_code,
    how_to_decide,
    paired_lines,
    table_lines,
    undo_command,
)
from backend.sync.result import MergeConflict, SyncResult

MOST_ROUNDS = 5


class SyncReport(Answer, Protocol):
    """What a command ends with."""

    @property
    def is_clean(self) -> bool:
        """Tell whether nothing is left to decide."""


@dataclass(frozen=True)
class RunReport:
    """A run that has ended; `connection_notes` say how the connections were protected.

    `before` are its tries that were cut off after they had committed.
    """

    result: SyncResult
    endpoints: Endpoints
    connection_notes: tuple[str, ...] = ()
    before: tuple[SyncResult, ...] = ()

    @property
    def is_clean(self) -> bool:
        """Tell whether no conflict is open."""
        return not self.result.open_conflicts

    @property
    def is_quiet(self) -> bool:
        """Tell whether nothing has changed by it, on either side."""
        found = self.result
        settled = found.paired or any(one.resolved for one in found.conflicts)
        return not (found.written or settled or self.before)

    def lines(self) -> list[str]:
        """Return the lines that a person reads."""
        found = self.result
        body = [
            *self.connection_notes,
            *["first sync: both sides were compared whole"] * found.first,
            *(f"note: {note}" for note in found.notes),
            *table_lines(found.tables),
            *paired_lines(found.paired),
            *conflict_lines(found.conflicts),
            *deletion_lines(found.deletions),
            *_waiting(found.waiting),
            *undo_command(found, self.endpoints),
            *committed_lines(self.before, self.endpoints),
            self._end(),
        ]
        return [self._title(), *(f"  {line}" for line in body)]

    def as_dict(self) -> dict[str, Any]:  # what json.dumps takes
        """Return what --json prints: everything that was found."""
        found = self.result
        return {
            "local": str(self.endpoints.local),
            "remote": str(self.endpoints.remote),
            "ways": list(self.connection_notes),
            **asdict(found),
            "backup": str(found.backup) if found.backup else None,
            "written": found.written,
            "committed_before": [_committed(one) for one in self.before],
            "open_conflicts": len(found.open_conflicts),
            "exit_code": int(exit_code(is_clean=self.is_clean)),
        }

    def _title(self) -> str:
        source, target = self.endpoints.local, self.endpoints.remote
        if self.result.direction is Direction.RENDER_TO_LOCAL:
            source, target = target, source
        what = "mirror" if self.result.mirrored else self.result.direction.value
        return f"{what}: {source} → {target}"

    def _end(self) -> str:
        found = self.result
        written = found.written + sum(one.written for one in self.before)
        rows = counted(written, "row")
        left = len(found.open_conflicts)
        # Also when nothing was to be done, people want to know that both sides were reached.
        if found.dry_run:
            said = f"dry run, connection good: {rows} would be written, nothing was"
        elif written:
            said = f"{DONE[not left]}: {rows} written"
        else:
            said = f"{DONE[not left]}: {'nothing was written' if left else 'nothing to do'}"
        if not left:
            return said
        return f"{said}; {counted(left, 'open conflict')}: {how_to_decide(found.open_conflicts)}"


def _committed(result: SyncResult) -> dict[str, Any]:  # what json.dumps takes
    return {"written": result.written, "backup": str(result.backup) if result.backup else None}


def _waiting(waiting: dict[str, int]) -> list[str]:
    return [
        f"waiting: {counted(number, 'row')} of {table}, until what it needs has travelled"
        for table, number in waiting.items()
        if number
    ]


@dataclass(frozen=True)
class RoundsReport:
    """Runs in turn; `ended` tells whether they came to their end, or were stopped at the most."""

    runs: tuple[RunReport, ...]
    ended: bool = True

    @property
    def is_clean(self) -> bool:
        """Tell whether nothing is left, neither to decide nor to travel."""
        return self.ended and not self._open

    def lines(self) -> list[str]:
        """Return the lines that a person reads: each run that did something, and what is left."""
        told = [run for run in self.runs if not (run.is_quiet and run.is_clean)]
        return [
            *(line for run in told or self.runs[:1] for line in run.lines()),
            self._end(),
        ]

    def as_dict(self) -> dict[str, Any]:  # what json.dumps takes
        """Return what --json prints, run by run."""
        return {
            "runs": [run.as_dict() for run in self.runs],
            "ended": self.ended,
            "open_conflicts": len(self._open),
            "exit_code": int(exit_code(is_clean=self.is_clean)),
        }

    @property
    def _open(self) -> list[MergeConflict]:
        """Return what the last run of each direction has left open, each once."""
        found = [one for run in self._last for one in run.result.open_conflicts]
        return list({(one.table, one.key): one for one in found}.values())

    @property
    def _deletions_held_back(self) -> int:
        """Count the deletions that did not travel, either way."""
        found = [one for run in self._last for one in run.result.deletions]
        return sum(not one.travelled for one in found)

    @property
    def _last(self) -> list[RunReport]:
        last: dict[Direction, RunReport] = {run.result.direction: run for run in self.runs}
        return list(last.values())

    def _end(self) -> str:
        said = f"{counted(len(self.runs), 'run')}, in turn"
        if self.runs[0].result.dry_run:
            return f"{said}: each as if the other had not been"
        if not self.ended:
            return f"{said}: rows travel still, somebody is writing; run it again"
        if self._open:
            left = counted(len(self._open), "open conflict")
            return f"{said}: {left} left, the rest is done; {how_to_decide(self._open)}"
        if self._deletions_held_back:
            return (
                f"{said}: done, but for {counted(self._deletions_held_back, 'deletion')} held back"
            )
        return f"{said}: done, nothing is left to travel"
