"""What happened to the backups, one small JSON file an event: drills, restores, keys shown."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from backend.db import private_files

EventFields = Mapping[str, Any]  # what json.dumps takes


@dataclass(frozen=True)
class EventRecord:
    """One event: what it was, when, and what is to be remembered of it."""

    event: str
    at: datetime
    fields: EventFields = field(default_factory=dict)


class EventLog:
    """The records in a folder; none is ever changed. `mode` says who may read new ones."""

    def __init__(self, folder: Path, *, mode: int = private_files.PRIVATE) -> None:
        self._folder = folder
        self._mode = mode

    def add(self, record: EventRecord) -> None:
        """Write a record; it is on the disk for good when this returns."""
        self._folder.mkdir(parents=True, exist_ok=True)
        stamp = record.at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
        name = f"{record.event}-{stamp}-{secrets.token_hex(2)}.json"
        text = {**record.fields, "event": record.event, "at": record.at.isoformat()}
        content = json.dumps(text, ensure_ascii=False, indent=2)
        private_files.replace(self._folder / name, content, mode=self._mode)

    def read(self, event: str) -> list[EventRecord]:
        """Return the records of an event, the oldest first, without files that are no records."""
        found = (_read(path) for path in self._folder.glob(f"{event}-*.json"))
        records = [one for one in found if one is not None and one.event == event]
        return sorted(records, key=lambda one: one.at)


def _read(path: Path) -> EventRecord | None:
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        at = datetime.fromisoformat(fields["at"])
        return EventRecord(str(fields["event"]), at.astimezone(UTC), fields)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
