"""What became of a run and what a look has shown: whole for machines, shortened for people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from backend.errors import ExitCode
from backend.sync.merge.result import Conflict, ConflictKind, Direction, Mismatch, Outcome, Status
from backend.sync.options import Ends
from backend.sync.tell.committed import committed_lines, way_back
from backend.sync.tell.telling import (
    conflict_lines,
    counted,
    deletion_lines,
    mismatch_lines,
    paired_lines,
    status_lines,
    table_lines,
)

# By whether nothing is left to decide.
_DONE = {True: "done, connection good", False: "connection good"}
_BY_OPTION = {ConflictKind.BOTH_CHANGED, ConflictKind.DELETED_AND_CHANGED}


class Answer(Protocol):
    """What a command ends with."""

    @property
    def is_clean(self) -> bool:
        """Tell whether nothing is left to decide."""

    def lines(self) -> list[str]:
        """Say it to people."""

    def as_dict(self) -> dict[str, Any]:  # what json.dumps takes
        """Say it to machines, with everything that was found."""


@dataclass(frozen=True)
class Ran:
    """A run that has ended; `ways` say how the connections were protected.

    `before` are its tries that were cut off after they had committed.
    """

    outcome: Outcome
    ends: Ends
    ways: tuple[str, ...] = ()
    before: tuple[Outcome, ...] = ()

    @property
    def is_clean(self) -> bool:
        """Tell whether no conflict is open."""
        return not self.outcome.open_conflicts

    @property
    def is_quiet(self) -> bool:
        """Tell whether nothing has changed by it, on either side."""
        found = self.outcome
        settled = found.paired or any(one.resolved for one in found.conflicts)
        return not (found.written or settled or self.before)

    def lines(self) -> list[str]:
        """Say it to people."""
        found = self.outcome
        body = [
            *self.ways,
            *["first sync: both sides were compared whole"] * found.first,
            *(f"note: {note}" for note in found.notes),
            *table_lines(found.tables),
            *paired_lines(found.paired),
            *conflict_lines(found.conflicts),
            *deletion_lines(found.deletions),
            *_waiting(found.waiting),
            *way_back(found, self.ends),
            *committed_lines(self.before, self.ends),
            self._end(),
        ]
        return [self._title(), *(f"  {line}" for line in body)]

    def as_dict(self) -> dict[str, Any]:  # what json.dumps takes
        """Say it to machines, with everything that was found."""
        found = self.outcome
        return {
            "local": str(self.ends.local),
            "remote": str(self.ends.remote),
            "ways": list(self.ways),
            **asdict(found),
            "backup": str(found.backup) if found.backup else None,
            "written": found.written,
            "committed_before": [_committed(one) for one in self.before],
            "open_conflicts": len(found.open_conflicts),
            "exit_code": int(_exit_code(self)),
        }

    def _title(self) -> str:
        source, target = self.ends.local, self.ends.remote
        if self.outcome.direction is Direction.RENDER_TO_LOCAL:
            source, target = target, source
        what = "mirror" if self.outcome.mirrored else self.outcome.direction.value
        return f"{what}: {source} → {target}"

    def _end(self) -> str:
        found = self.outcome
        written = found.written + sum(one.written for one in self.before)
        rows = counted(written, "row")
        held = len(found.open_conflicts)
        # Also when nothing was to be done, people want to know that both sides were reached.
        if found.dry_run:
            said = f"dry run, connection good: {rows} would be written, nothing was"
        elif written:
            said = f"{_DONE[not held]}: {rows} written"
        else:
            said = f"{_DONE[not held]}: {'nothing was written' if held else 'nothing to do'}"
        if not held:
            return said
        return f"{said}; {counted(held, 'open conflict')}: {how_to_decide(found.open_conflicts)}"


@dataclass(frozen=True)
class Seen:
    """Both sides as they are; `mismatches` is None unless every row was compared."""

    status: Status
    mismatches: tuple[Mismatch, ...] | None = None
    ways: tuple[str, ...] = ()

    @property
    def is_clean(self) -> bool:
        """Tell whether there is neither a conflict nor a difference that should not be."""
        found = self.status
        return not (found.conflicts or found.miscounted or self.mismatches)

    def lines(self) -> list[str]:
        """Say it to people."""
        return [
            *status_lines(self.status, self.ways),
            *conflict_lines(self.status.conflicts),
            *_miscounted(self.status),
            *self._compared(),
            *_next(self.status),
            _DONE[self.is_clean],
        ]

    def as_dict(self) -> dict[str, Any]:  # what json.dumps takes
        """Say it to machines, with everything that was found."""
        compared = self.mismatches
        return {
            **asdict(self.status),
            "ways": list(self.ways),
            "mismatches": None if compared is None else [asdict(one) for one in compared],
            "exit_code": int(_exit_code(self)),
        }

    def _compared(self) -> list[str]:
        if self.mismatches is None:
            return []
        if not self.mismatches:
            return ["every row was compared: no difference but what is to travel"]
        return [
            *mismatch_lines(self.mismatches),
            f"every row was compared: {len(self.mismatches):,} differ, and no change was noted;"
            " --start-over compares both sides and brings them together",
        ]


def _committed(outcome: Outcome) -> dict[str, Any]:  # what json.dumps takes
    return {"written": outcome.written, "backup": str(outcome.backup) if outcome.backup else None}


def _miscounted(status: Status) -> list[str]:
    return [
        f"{name}: {counted(here, 'row')} in the local database, {there:,} in the remote one, and no"
        " change was noted: status --verify names them"
        for name, (here, there) in status.miscounted.items()
    ]


def _exit_code(answer: Answer) -> ExitCode:
    return ExitCode.DONE if answer.is_clean else ExitCode.FOUND_WANTING


def _waiting(waiting: dict[str, int]) -> list[str]:
    return [
        f"waiting: {counted(number, 'row')} of {table}, until what it needs has travelled"
        for table, number in waiting.items()
        if number
    ]


def _next(status: Status) -> list[str]:
    """Say which command would do something."""
    if status.synced_at is None:
        return ["never synced: the first run, either way, compares both sides whole"]
    ways = {
        Direction.LOCAL_TO_RENDER: sum(status.to_remote.values()),
        Direction.RENDER_TO_LOCAL: sum(status.to_local.values()),
    }
    lines = [
        f"{counted(number, 'row')} to travel: python sync_databases.py {way.value}"
        for way, number in ways.items()
        if number
    ]
    return lines or _nothing(status.conflicts)


def _nothing(conflicts: Sequence[Conflict]) -> list[str]:
    if not conflicts:
        return ["nothing to do"]
    return [f"only conflicts are left: {how_to_decide(conflicts)}"]


def how_to_decide(conflicts: Sequence[Conflict]) -> str:
    """Say what settles them: a word for those in which one side can win, and people for others."""
    by_option = [one.kind in _BY_OPTION for one in conflicts]
    by_time = any(one.has_later for one in conflicts if one.kind in _BY_OPTION)
    words = "local, remote or newer" if by_time else "local or remote"
    option, people = f"decide with --on-conflict {words}", "change one of the rows"
    if all(by_option):
        return option
    return f"{option}; where that does not help, {people}" if any(by_option) else people
