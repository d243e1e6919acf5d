"""Why the dumps are not well."""

from __future__ import annotations

from datetime import datetime

from backend.backup.archive_folder import DRILL
from backend.backup.dump.repository import DumpRepository
from backend.backup.records import EventRecord
from backend.backup.results import moment
from backend.backup.service.health import PROOF_LASTS


def alarms(
    repository: DumpRepository, now: datetime, *, since: datetime | None = None
) -> list[str]:
    """Return why the dumps are not well.

    Where none was ever proved, they are well for as long as a proof lasts, from `since` on.
    """
    drills = repository.events.read(DRILL)
    found = [_failure(one) for one in _standing(repository, drills)]
    proven = max((one.at for one in drills if one.fields.get("clean") is True), default=None)
    last = proven or since
    if last is not None and now - last > PROOF_LASTS:
        found.append(f"no dump was proved since {moment(last)}")
    if proven is not None and proven - now > PROOF_LASTS:
        # Until then none is due, and none would be missed.
        found.append(f"the last proof is of {moment(proven)}, still to come: see the clock")
    return found


def _standing(repository: DumpRepository, drills: list[EventRecord]) -> list[EventRecord]:
    """Return what stands against the dumps: the last drill, and the last one of the newest dump.

    That an older dump was found equal since says nothing about the newest.
    """
    newest = repository.names()[-1:]
    of_newest = [one for one in drills if one.fields.get("backup") in newest][-1:]
    last = drills[-1:]
    standing = last if of_newest == last else [*of_newest, *last]
    return [one for one in standing if one.fields.get("clean") is not True]


def _failure(drill: EventRecord) -> str:
    what = "; ".join(drill.fields.get("differences", []))
    return f"the drill of {moment(drill.at)} failed: {what[:300]}"
