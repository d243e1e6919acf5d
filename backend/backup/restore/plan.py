"""The plan of a restore: from which backup, to which state, and what is lost by it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from backend.backup.cluster.repository import (
    ClusterFolder,
    all_clusters,
    cluster_here,
)
from backend.backup.cluster.settings import ClusterSettings
from backend.backup.cluster.wal import Gap, WalSegment
from backend.backup.restore.cluster_lock import cluster_lock
from backend.backup.restore.data_volume import DataVolume
from backend.backup.restore.inventory import Inventory
from backend.backup.restore.targets import ChosenTarget, choose_target
from backend.backup.restore_target import RestoreTarget
from backend.backup.results import RestorePlan, moment
from backend.errors import ConfigError, DataError, UsageError

_BEFORE_MIGRATION = "before-"
_RESTORE = "docker compose -f deploy/docker-compose.prod.pg.yml run --rm restore"


@dataclass(frozen=True, kw_only=True)
class ClusterRestorePlan(RestorePlan):
    """A restore of the cluster; `newest_timeline` is the last one that the repository knows."""

    chosen: ChosenTarget
    inventory: Inventory
    newest_timeline: int
    replaces_data: bool
    # Of the data that is there now: none of it is in this repository.
    replaces_another_cluster: bool = False

    def lines(self) -> list[str]:
        """Return the plan, the loss last."""
        chosen = self.chosen
        name = f"{chosen.point.name}, " if chosen.point else ""
        return [
            f"restores {name}the state of {moment(self.to)}",
            f"begins with the backup {self.backup}, follows timeline {chosen.timeline}",
            *self.steps,
            self._loss(),
        ]

    def as_dict(self) -> dict[str, Any]:  # what json.dumps takes
        """Return the plan for JSON."""
        point = self.chosen.point
        return {
            **super().as_dict(),
            "timeline": self.chosen.timeline,
            "point": point.name if point else None,
        }

    @property
    def way_back(self) -> str | None:
        """Return the command that brings back what this restore replaces; None where none does.

        A whole second later than the last write: what was written in that second is back too, and
        the restored cluster starts later still.
        """
        if not self.replaces_data or self.replaces_another_cluster:
            return None
        until = self.lost_until.astimezone(UTC).replace(microsecond=0) + timedelta(seconds=1)
        return f'{_RESTORE} --to "{until:%Y-%m-%d %H:%M:%S}+00"'

    def _loss(self) -> str:
        if not self.replaces_data:
            to = moment(self.to)
            return f"there is no data here; what was written after {to} was not archived"
        if self.lost_until <= self.to:
            # The data may hold some all the same: a segment is closed before it is archived.
            return "LOST is what was written and is not in the archive"
        return super()._loss()


def plan_restore(settings: ClusterSettings, wanted: RestoreTarget) -> ClusterRestorePlan:
    """Decide how to bring a state back; touches nothing.

    Raises:
        RefusedError: a server runs on the data.
        DataError: there is no such state, or not enough WAL to reach it.
        ConfigError, DatabaseError: the repository cannot be read.
    """
    volume = DataVolume(settings.data)
    with cluster_lock(volume.root):
        inventory = Inventory(settings, find_cluster(settings))
        here = cluster_here(settings.data)
        is_another = bool(here) and here != inventory.folder.root.name
        unpublished = None if is_another else volume.unpublished()
        states = inventory.states([unpublished] if unpublished else [])
    now = datetime.now(UTC)
    chosen = choose_target(wanted, states, now)
    missing = inventory.gaps(chosen, states.timelines)
    check_reachable(chosen, missing)
    return ClusterRestorePlan(
        backup=chosen.backup.label,
        to=chosen.at,
        lost_until=_last_write(settings.data) or now,
        steps=[
            *_limits(chosen, missing, inventory.archived_until(chosen.timeline)),
            *worth_knowing(chosen),
            *_old_data(settings.data, here if is_another else ""),
        ],
        chosen=chosen,
        inventory=inventory,
        newest_timeline=states.timelines.newest,
        replaces_data=settings.data.exists(),
        replaces_another_cluster=is_another,
    )


def find_cluster(settings: ClusterSettings) -> ClusterFolder:
    """Return the folder of the cluster that is named, or whose data is here, or the only one.

    Raises:
        UsageError: there are several, and no data that would tell which.
        DataError: there is none.
        ConfigError: their folder belongs to another user.
    """
    found = _clusters(settings.backups)
    # Data that is damaged may not even tell whose it is.
    if chosen := settings.cluster or cluster_here(settings.data):
        if chosen not in found:
            raise DataError(f"there are no backups of cluster {chosen}", hint=_there_are(found))
        return found[chosen]
    if len(found) > 1:
        raise UsageError("the backups of several clusters are here", hint=_there_are(found))
    if not found:
        raise DataError("there are no backups here", hint="see that BACKUP_DIR names their folder")
    return next(iter(found.values()))


def _clusters(backups: Path) -> dict[str, ClusterFolder]:
    try:
        return {one.root.name: one for one in all_clusters(backups) if _has_backups(one)}
    except PermissionError as error:
        # A copy from another host belongs to whoever has brought it, until the first `up`.
        raise ConfigError(
            f"{error.filename} cannot be read by this user",
            hint="give the folder BACKUP_DIR to it, on the host: chown -R 999:999 FOLDER",
        ) from None


def _has_backups(folder: ClusterFolder) -> bool:
    # Not is_dir(): what may not be looked at would not be there.
    with suppress(FileNotFoundError):
        (folder.repository / "backup").stat()
        return True
    return False


def _there_are(found: Sequence[str] | dict[str, ClusterFolder]) -> str:
    return "name one with --cluster: " + (", ".join(sorted(found)) or "there is none")


def check_reachable(chosen: ChosenTarget, missing: Sequence[Gap]) -> None:
    """Check that the WAL leads out of the backup, and to a point if one is meant.

    Raises:
        DataError: it does not; says what is missing.
    """
    if not missing:
        return
    if missing[0].first.number <= WalSegment.parse(chosen.backup.last_wal).number:
        raise DataError(
            f"the backup {chosen.backup.label} cannot be brought back: {missing[0]}",
            hint="name a later time, or an earlier one: each begins with another backup",
        )
    if chosen.point:
        raise DataError(
            f"{chosen.point.name} cannot be reached: {missing[0]}",
            hint="name a later state, which begins with a later backup, or a time before that",
        )


def _limits(
    chosen: ChosenTarget, missing: Sequence[Gap], archived_until: datetime | None
) -> Iterator[str]:
    for gap in missing[:1]:
        yield f"{gap}: what came after it cannot be brought back"
    if archived_until and chosen.at > archived_until:
        yield (
            f"the archive of timeline {chosen.timeline} ends at {moment(archived_until)}: what came"
            " after it is not there"
        )


def worth_knowing(chosen: ChosenTarget) -> Iterator[str]:
    """Yield what somebody has to know about a target before it is restored."""
    point = chosen.point
    if point is None or not point.has_manifest:
        yield "no manifest is of just this state: every row of it is read, none can be compared"
    if point and point.name.startswith(_BEFORE_MIGRATION):
        yield (
            "made before a migration, which the next `up` applies again unless an older release"
            " serves: deploy/bluegreen.py rollback first"
        )


def _old_data(cluster: Path, another: str) -> Iterator[str]:
    if another:
        yield f"the data that is there now is of ANOTHER CLUSTER, {another}"
    if cluster.exists():
        yield "the data that is there now is kept beside, until --forget-old"


def _last_write(cluster: Path) -> datetime | None:
    """Return when the database last wrote WAL, as far as its files tell."""
    times = [path.stat().st_mtime for path in (cluster / "pg_wal").glob("[0-9A-F]*")]
    return datetime.fromtimestamp(max(times), UTC) if times else None
