"""Whether the dumps are well."""

from __future__ import annotations

from datetime import datetime

from backend.backup.archive_folder import DRILL
from backend.backup.backups import moment
from backend.backup.cluster.health import PROOF_LASTS
from backend.backup.dump.repository import DumpRepository
from backend.backup.records import EventRecord


def alarms(repository: DumpRepository, now: datetime) -> list[str]:
    """Return why the dumps are not well; a stack that has just begun is well."""
    drills = repository.events.read(DRILL)
    found = [_failure(one) for one in _standing(repository, drills)]
    proven = max((one.at for one in drills if one.fields.get("clean") is True), default=None)
    if proven is not None and now - proven > PROOF_LASTS:
        found.append(f"no dump was proved since {moment(proven)}")
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
