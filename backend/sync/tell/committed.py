"""What a run has committed by the time it fails, and how that is taken back."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager

from backend.config.database_url import DatabaseUrl
from backend.errors import AppError
from backend.sync.merge.result import Direction, Landed, Outcome
from backend.sync.options import Ends
from backend.sync.tell.telling import counted


class Committed:
    """Remembers what the tries of one run have committed, also those that were cut off then."""

    def __init__(self, ends: Ends) -> None:
        self.outcomes: tuple[Outcome, ...] = ()
        self._ends = ends

    def after(self, before: tuple[Outcome, ...]) -> Landed:
        """Return what takes note of one more try's rows; a try commits twice if it is a first."""

        def note(outcome: Outcome) -> None:
            if outcome.written and not outcome.dry_run:
                self.outcomes = (*before, outcome)

        return note

    @contextmanager
    def told(self) -> Iterator[None]:
        """Let whatever ends the run say what was committed."""
        try:
            yield
        except AppError as error:
            if not self.outcomes:
                raise
            message = "; ".join([error.args[0], *committed_lines(self.outcomes, self._ends)])
            raise type(error)(message, hint=error.hint) from error
        except BaseException as error:
            for line in committed_lines(self.outcomes, self._ends):
                error.add_note(line)
            raise


def committed_lines(outcomes: tuple[Outcome, ...], ends: Ends) -> list[str]:
    """Say what was committed to which side, and what takes it back."""
    return [
        f"{counted(one.written, 'row')} {'was' if one.written == 1 else 'were'} committed to"
        f" {_target(one, ends)} by a try that was cut off"
        f" ({'; '.join(way_back(one, ends)) or 'no script takes that back'})"
        for one in outcomes
    ]


def way_back(outcome: Outcome, ends: Ends) -> list[str]:
    """Name the command that takes a run back, or the file as it was, if there is one."""
    path = outcome.backup
    if path is None:
        return []
    if path.suffix != ".sql":
        return [f"the file as it was: {path}"]
    target = _target(outcome, ends)
    script, name = shlex.quote(str(path)), shlex.quote(str(target.path or target))
    command = f"sqlite3 {name} <" if target.engine == "sqlite" else f"psql -d {name} -f"
    return [f"to take this run back: {command} {script}"]


def _target(outcome: Outcome, ends: Ends) -> DatabaseUrl:
    return ends.remote if outcome.direction is Direction.LOCAL_TO_RENDER else ends.local
