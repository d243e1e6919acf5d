"""What a repository can bring back, read from it: backups, timelines, points, missing WAL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from backend.backup import keys
from backend.backup.cluster.backup_set import BackupSet
from backend.backup.cluster.manifest import read_manifest
from backend.backup.cluster.pgbackrest import PgBackRest
from backend.backup.cluster.repository import ClusterFolder
from backend.backup.cluster.restore_points import restore_points_of
from backend.backup.cluster.settings import ClusterSettings
from backend.backup.cluster.wal import Gap, WalSegment, chain, gaps
from backend.backup.records import EventFields, EventRecord
from backend.backup.restore.targets import ChosenTarget, NamedPoint, RestorableStates
from backend.backup.restore.timelines import Timelines, seen_live
from backend.errors import AppError, DataError

RESTORE = "restore"


@dataclass(frozen=True)
class Inventory:
    """The repository of one cluster, and what reads it."""

    settings: ClusterSettings
    folder: ClusterFolder

    @property
    def pgbackrest(self) -> PgBackRest:
        """Return the program, on this repository."""
        settings, folder = self.settings, self.folder
        return PgBackRest(
            repository=folder.repository,
            locks=folder.pgbackrest_locks,
            cipher_folder=settings.keys,
            data=settings.data,
            search_path=settings.search_path,
        )

    def states(self, restores: Sequence[EventFields] = ()) -> RestorableStates:
        """Return what can be brought back; `restores` are some that are not noted there yet.

        Raises:
            ConfigError, DatabaseError: the repository cannot be read.
            DataError: nothing was ever archived.
        """
        backups = self.pgbackrest.backups()
        archived = self.folder.archived()
        if not archived:
            raise DataError(
                f"{self.folder.root} holds no WAL: nothing can be brought back",
                hint="see that BACKUP_DIR names the folder of the backups",
            )
        newest_at = self.folder.archived_until(max(archived)) or datetime.now(UTC)
        timelines = self._timelines(backups, archived, restores)
        return RestorableStates(backups, timelines, tuple(self._points()), newest_at)

    def gaps(self, chosen: ChosenTarget, timelines: Timelines) -> list[Gap]:
        """Return what is missing of the WAL between the backup and the target."""
        archived = self.folder.archived()
        first = WalSegment.parse(chosen.backup.first_wal)
        on_it = {one for one in archived if one.timeline == chosen.timeline}
        last = max(on_it, default=WalSegment.parse(chosen.backup.last_wal))
        if chosen.point:
            last = WalSegment.at(chosen.timeline, chosen.point.lsn)
        return gaps(chain(first, last, timelines.left_at[chosen.timeline]), archived)

    def archived_until(self, timeline: int) -> datetime | None:
        """Return when the last WAL of a timeline reached the repository; None without any."""
        on_it = [one for one in self.folder.archived() if one.timeline == timeline]
        return self.folder.archived_until(max(on_it)) if on_it else None

    def _timelines(
        self,
        backups: Sequence[BackupSet],
        archived: set[WalSegment],
        restores: Sequence[EventFields],
    ) -> Timelines:
        histories = self.pgbackrest.histories()
        known = {one.timeline for one in archived} | {one.timeline for one in backups}
        records = [*(one.fields for one in self.folder.events.read(RESTORE)), *restores]
        seen = seen_live(records, backups, self.folder.timelines_begun())
        left_at: Mapping[int, Mapping[int, str]] = {
            one: histories.get(one, {}) for one in known | histories.keys()
        }
        return Timelines(left_at, seen)

    def _points(self) -> Iterator[NamedPoint]:
        """Yield all points; a manifest that cannot be opened must not stand in a restore's way."""
        key = keys.load(self.settings.manifest_key)
        for name in self.folder.manifest_names():
            with suppress(AppError):
                at = read_manifest(self.folder, name, key).point
                yield NamedPoint(name, at.at, at.lsn, at.segment.timeline, has_manifest=True)
        records = restore_points_of(self.folder, self.settings.restore_points)
        yield from {_point(record) for record in records}


def _point(record: EventRecord) -> NamedPoint:
    fields = record.fields
    return NamedPoint(str(fields["name"]), record.at, str(fields["lsn"]), int(fields["timeline"]))
