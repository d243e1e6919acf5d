"""The report of `status`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from backend.sync.options import Direction
from backend.sync.report_lines import (
    DONE,
    aligned,
    conflict_lines,
    counted,
    exit_code,
    how_to_decide,
    some_lines,
)
from backend.sync.result import MergeConflict, Mismatch, PairStatus


@dataclass(frozen=True)
class StatusReport:
    """Both sides as they are; `mismatches` is None unless every row was compared."""

    status: PairStatus
    mismatches: tuple[Mismatch, ...] | None = None
    connection_notes: tuple[str, ...] = ()

    @property
    def is_clean(self) -> bool:
        """Tell whether there is neither a conflict nor a difference that should not be."""
        found = self.status
        return not (found.conflicts or found.miscounted or self.mismatches)

    def lines(self) -> list[str]:
        """Return the lines that a person reads."""
        return [
            *_status_lines(self.status, self.connection_notes),
            *conflict_lines(self.status.conflicts),
            *_miscounted(self.status),
            *self._compared(),
            *_next(self.status),
            DONE[self.is_clean],
        ]

    def as_dict(self) -> dict[str, Any]:  # what json.dumps takes
        """Return what --json prints: everything that was found."""
        compared = self.mismatches
        return {
            **asdict(self.status),
            "ways": list(self.connection_notes),
            "mismatches": None if compared is None else [asdict(one) for one in compared],
            "exit_code": int(exit_code(is_clean=self.is_clean)),
        }

    def _compared(self) -> list[str]:
        if self.mismatches is None:
            return []
        if not self.mismatches:
            return ["every row was compared: no difference but what is to travel"]
        return [
            *_mismatch_lines(self.mismatches),
            f"every row was compared: {len(self.mismatches):,} differ, and no change was noted;"
            " --start-over compares both sides and brings them together",
        ]


def _status_lines(status: PairStatus, connection_notes: Sequence[str]) -> list[str]:
    """Say where both sides are, and table by table what they hold and what would travel."""
    names = list({**status.local.rows, **status.remote.rows})
    counted = (status.local.rows, status.remote.rows, status.to_remote, status.to_local)
    rows: list[list[str | int]] = [
        [name, *(numbers.get(name, 0) for numbers in counted)] for name in names
    ]
    return [
        f"local   {status.local.where}  (schema {status.local.revision or 'none'})",
        f"remote  {status.remote.where}  (schema {status.remote.revision or 'none'})",
        *connection_notes,
        f"last sync: {_moment(status.synced_at)}",
        "",
        *aligned(("table", "local", "remote", "to remote", "to local"), rows),
        "",
    ]


def _moment(text: str | None) -> str:
    return f"{text.replace('T', ' ').removesuffix('+00:00')} UTC" if text else "never"


def _mismatch_lines(mismatches: Sequence[Mismatch]) -> list[str]:
    """Name each row that differs."""
    return some_lines("difference", mismatches, lambda one: [f"{one.table} {one.key}: {one.says}"])


def _miscounted(status: PairStatus) -> list[str]:
    return [
        f"{name}: {counted(here, 'row')} in the local database, {there:,} in the remote one, and no"
        " change was noted: status --verify names them"
        for name, (here, there) in status.miscounted.items()
    ]


def _next(status: PairStatus) -> list[str]:
    """Say which command would do something."""
    if status.synced_at is None:
        return ["never synced: the first run, either way, compares both sides whole"]
    pending = {
        Direction.LOCAL_TO_RENDER: sum(status.to_remote.values()),
        Direction.RENDER_TO_LOCAL: sum(status.to_local.values()),
    }
    lines = [
        f"{counted(number, 'row')} to travel: python sync_databases.py {direction.value}"
        for direction, number in pending.items()
        if number
    ]
    return lines or _nothing(status.conflicts)


def _nothing(conflicts: Sequence[MergeConflict]) -> list[str]:
    if not conflicts:
        return ["nothing to do"]
    return [f"only conflicts are left: {how_to_decide(conflicts)}"]
