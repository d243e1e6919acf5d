"""The history of rollouts: JSON lines on the route's volume, and what follows from them."""

import getpass
import json
import platform
import secrets
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

# A rollout ends with one of these; what has none was interrupted.
ENDINGS = frozenset({"finished", "refused", "flipped back", "undone"})


@dataclass(frozen=True)
class Record:
    """One event of one rollout."""

    rollout: str
    event: str
    kind: str
    version: str
    color: str
    # The release that was live before.
    previous: str
    at: str = ""
    by: str = ""
    cause: str = ""
    seconds: float = 0.0

    def now(self, event: str, *, cause: str = "", seconds: float = 0.0) -> "Record":
        """Return the same rollout's next event."""
        at = datetime.now(UTC).isoformat(timespec="seconds")
        return replace(self, event=event, at=at, cause=cause, seconds=round(seconds, 1))

    def as_dict(self) -> dict[str, Any]:
        """Return the record as it is written."""
        return asdict(self)


def begin(kind: str, *, version: str, color: str, previous: str) -> Record:
    """Return the first record of a new rollout."""
    now = datetime.now(UTC)
    name = f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"
    record = Record(name, "started", kind, version, color, previous, by=operator_name())
    return record.now("started")


def operator_name() -> str:
    """Return who runs the tool, as USER@MACHINE."""
    try:
        user = getpass.getuser()
    except (ImportError, KeyError, OSError):
        # A number that no name belongs to, as in a container; which exception, Python changed.
        user = "somebody"
    return f"{user}@{platform.node()}"


def parse_history(text: str) -> list[Record]:
    """Read the history, oldest first; a line that was cut off by a crash is passed over."""
    records = []
    for line in text.splitlines():
        try:
            records.append(Record(**json.loads(line)))
        except (json.JSONDecodeError, TypeError):
            continue
    return records


def unfinished(records: list[Record]) -> Record | None:
    """Return the last record of the newest rollout if that never came to an end."""
    return records[-1] if records and records[-1].event not in ENDINGS | {"adopted"} else None


def good_releases(records: Iterable[Record]) -> list[str]:
    """List the releases that have served and were not rolled back since, newest first."""
    good: list[str] = []
    for record in records:
        if record.event not in {"finished", "adopted"}:
            continue
        good = [version for version in good if version != record.version]
        if record.kind == "rollback" and record.previous != record.version:
            good = [version for version in good if version != record.previous]
        good.append(record.version)
    return good[::-1]


def own_releases(records: Iterable[Record]) -> set[str]:
    """Return every version that this tool has ever made a tag for."""
    return {record.version for record in records}


def rolled_back(records: Iterable[Record]) -> set[str]:
    """Return the releases that somebody rolled back and nobody has deployed since."""
    bad: set[str] = set()
    for record in records:
        if record.event == "finished":
            if record.kind == "rollback":
                bad.add(record.previous)
            bad.discard(record.version)
    return bad
