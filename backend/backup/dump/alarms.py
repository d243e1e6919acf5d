"""Why the dumps are not well."""

from __future__ import annotations

from datetime import datetime

from backend.backup.archive_folder import DRILL
from backend.backup.drill_records import drill_alarms
from backend.backup.dump.repository import DumpRepository


def alarms(
    repository: DumpRepository, now: datetime, *, since: datetime | None = None
) -> list[str]:
    """Return why the dumps are not well.

    Where none was ever proved, they are well for as long as a proof lasts, from `since` on.
    """
    newest = next(iter(repository.names()[-1:]), None)
    return drill_alarms(repository.events.read(DRILL), newest, now, noun="dump", since=since)
