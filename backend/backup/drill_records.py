"""What the records of drills say: what stands against the backups, and what was proved when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from backend.backup.records import EventRecord
from backend.backup.results import Facts, moment
from backend.backup.service.health import PROOF_LASTS


def drill_alarms(
    drills: Sequence[EventRecord],
    newest: str | None,
    now: datetime,
    *,
    noun: str,
    since: datetime | None,
) -> list[str]:
    """Return why what was drilled is not well; `drills` are in order, `newest` is the newest one.

    Where none was ever proved, they are well for as long as a proof lasts, from `since` on.
    """
    found = [_failure(one) for one in standing_failures(drills, newest)]
    proven = max((one.at for one in drills if one.fields.get("clean") is True), default=None)
    last = proven or since
    if last is not None and now - last > PROOF_LASTS:
        found.append(f"no {noun} was proved since {moment(last)}")
    if proven is not None and proven - now > PROOF_LASTS:
        # Until then none is due, and none would be missed.
        found.append(f"the last proof is of {moment(proven)}, still to come: see the clock")
    return found


def standing_failures(drills: Sequence[EventRecord], newest: str | None) -> list[EventRecord]:
    """Return what stands against the backups: the last drill, and the last one of the newest.

    That an older backup was found equal since says nothing about the newest.
    """
    of_newest = [one for one in drills if newest and one.fields.get("backup") == newest][-1:]
    last = list(drills[-1:])
    standing = last if of_newest == last else [*of_newest, *last]
    return [one for one in standing if one.fields.get("clean") is not True]


def last_drill_facts(drills: Sequence[EventRecord]) -> Facts:
    """Return of when the last drill is, and how it ended."""
    last = drills[-1] if drills else None
    return {
        "last_drill": moment(last.at) if last else None,
        "last_drill_was": ("clean" if last.fields.get("clean") else "FAILED") if last else None,
    }


def _failure(drill: EventRecord) -> str:
    what = "; ".join(drill.fields.get("differences", []))
    return f"the drill of {moment(drill.at)} failed: {what[:300]}"
