"""What became of several runs, one direction after the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from backend.errors import ExitCode
from backend.sync.merge.result import Conflict, Direction
from backend.sync.tell.report import Ran, how_to_decide
from backend.sync.tell.telling import counted

MOST_ROUNDS = 5


@dataclass(frozen=True)
class Rounds:
    """Runs in turn; `ended` tells whether they came to their end, or were stopped at the most."""

    runs: tuple[Ran, ...]
    ended: bool = True

    @property
    def is_clean(self) -> bool:
        """Tell whether nothing is left, neither to decide nor to travel."""
        return self.ended and not self._open

    def lines(self) -> list[str]:
        """Say it to people: each run that did something, and what is left."""
        told = [run for run in self.runs if not (run.is_quiet and run.is_clean)]
        return [
            *(line for run in told or self.runs[:1] for line in run.lines()),
            self._end(),
        ]

    def as_dict(self) -> dict[str, Any]:  # what json.dumps takes
        """Say it to machines, run by run."""
        code = ExitCode.DONE if self.is_clean else ExitCode.FOUND_WANTING
        return {
            "runs": [run.as_dict() for run in self.runs],
            "ended": self.ended,
            "open_conflicts": len(self._open),
            "exit_code": int(code),
        }

    @property
    def _open(self) -> list[Conflict]:
        """Return what the last run of each direction has left open, each once."""
        found = [one for run in self._last for one in run.outcome.open_conflicts]
        return list({(one.table, one.key): one for one in found}.values())

    @property
    def _held(self) -> int:
        """Count the deletions that did not travel, either way."""
        found = [one for run in self._last for one in run.outcome.deletions]
        return sum(not one.travelled for one in found)

    @property
    def _last(self) -> list[Ran]:
        last: dict[Direction, Ran] = {run.outcome.direction: run for run in self.runs}
        return list(last.values())

    def _end(self) -> str:
        said = f"{counted(len(self.runs), 'run')}, in turn"
        if self.runs[0].outcome.dry_run:
            return f"{said}: each as if the other had not been"
        if not self.ended:
            return f"{said}: rows travel still, somebody is writing; run it again"
        if self._open:
            left = counted(len(self._open), "open conflict")
            return f"{said}: {left} left, the rest is done; {how_to_decide(self._open)}"
        if self._held:
            return f"{said}: done, but for {counted(self._held, 'deletion')} held back"
        return f"{said}: done, nothing is left to travel"
