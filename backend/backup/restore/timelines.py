"""Timelines of a cluster: which one was live at a time, and which backups lead to a point on it.

Every restore begins a new timeline. The one that it leaves stays in the repository, and so does
what was written there: a later restore can go back to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from backend.backup.cluster.backup_set import BackupSet
from backend.backup.cluster.wal import lsn_number
from backend.backup.records import EventFields


def seen_live(
    restores: Sequence[EventFields],
    backups: Sequence[BackupSet],
    begun: Mapping[int, datetime],
) -> list[tuple[datetime, int]]:
    """Return when timelines are known to have been live, by what was noted and made.

    `begun` is when the history of each was archived: it counts where no restore was noted, because
    the note was lost or somebody has restored by hand.
    """
    noted = [(datetime.fromisoformat(one["at"]), int(one["to"])) for one in restores]
    told = {timeline for _, timeline in noted}
    unnoted = [(at, timeline) for timeline, at in begun.items() if timeline not in told]
    return [*noted, *unnoted, *((one.stopped, one.timeline) for one in backups)]


@dataclass(frozen=True)
class Timelines:
    """All timelines of a repository.

    `left_at` says of each where its ancestors were left; `seen` is when each was known to be live:
    a restore began it, or a backup was made on it.
    """

    left_at: Mapping[int, Mapping[int, str]]
    seen: Sequence[tuple[datetime, int]]

    @property
    def newest(self) -> int:
        """Return the timeline that began last."""
        return max(self.left_at)

    def live_at(self, moment: datetime) -> int:
        """Return the timeline on which the cluster wrote at a time."""
        live = min(self.left_at)
        for at, timeline in sorted(self.seen):
            # A restore that was never started has begun nothing.
            if at <= moment and timeline in self.left_at:
                live = timeline
        return live

    def leads_to(self, backup: BackupSet, timeline: int, lsn: str = "") -> bool:
        """Tell whether WAL leads from the end of a backup to a point; no point is the end."""
        if lsn and lsn_number(backup.stop_lsn) > lsn_number(lsn):
            return False
        if backup.timeline == timeline:
            return True
        left = self.left_at.get(timeline, {}).get(backup.timeline)
        return left is not None and lsn_number(backup.stop_lsn) <= lsn_number(left)
