"""What there is: the sets in the repository beside the manifests and drills that speak of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from backend.backup.cluster.backup_set import BackupSet
from backend.backup.cluster.repository import ClusterFolder
from backend.backup.records import EventRecord
from backend.backup.results import BackupRecord

BACKUP_EVENT, DRILL_EVENT, VERIFY_EVENT = "backup", "drill", "verify"


@dataclass(frozen=True)
class BackupCatalog:
    """The backups of a cluster; `made` and `drills` are what the records tell, oldest first."""

    sets: Sequence[BackupSet]
    manifests: Sequence[str]
    made: Sequence[EventRecord]
    drills: Sequence[EventRecord]

    @property
    def last_drill(self) -> EventRecord | None:
        """Return the last drill, however it ended."""
        return self.drills[-1] if self.drills else None

    @property
    def last_full(self) -> datetime | None:
        """Return when the newest full backup was done."""
        return max((one.stopped for one in self.sets if one.type == "full"), default=None)

    @property
    def last_backup(self) -> datetime | None:
        """Return when the newest backup was done."""
        return max((one.stopped for one in self.sets), default=None)

    @property
    def unfinished(self) -> BackupSet | None:
        """Return the newest set if no manifest tells what it must bring back."""
        named = {self._set_of(name) for name in self.manifests}
        return self.sets[-1] if self.sets and self.sets[-1].label not in named else None

    @property
    def is_newest_full_proven(self) -> bool:
        """Tell whether a drill has proved what every retention keeps.

        That is the newest full backup, or what has changed since: its label begins alike.
        """
        full = max((one.label for one in self.sets if one.type == "full"), default=None)
        proven = [self._set_of(name) for name in self.manifests if self.proven_at(name)]
        return full is not None and any(label.startswith(full) for label in proven)

    def records(self) -> list[BackupRecord]:
        """Return every backup as people see it, under the name of its manifest."""
        named = {self._set_of(name): name for name in self.manifests}
        return [self._record(one, named.get(one.label)) for one in self.sets]

    def newest_manifest(self) -> tuple[str, BackupSet] | None:
        """Return the newest manifest whose set is there, by the WAL: clocks may have been wrong."""
        found = [(n, one) for n in self.manifests if (one := self.backup_of(n)) is not None]
        return max(found, key=lambda pair: pair[1].position, default=None)

    def is_drilled(self, manifest: str) -> bool:
        """Tell whether a drill of a backup was made, however it ended."""
        return any(one.fields.get("backup") == manifest for one in self.drills)

    def backup_of(self, manifest: str) -> BackupSet | None:
        """Return the set that a manifest is about, if it is still there."""
        label = self._set_of(manifest)
        return next((one for one in self.sets if one.label == label), None)

    def is_orphan(self, manifest: str) -> bool:
        """Tell whether a manifest's set is known, and gone."""
        return bool(self._set_of(manifest)) and self.backup_of(manifest) is None

    def proven_at(self, manifest: str) -> datetime | None:
        """Return when the last drill of a backup was, if it found the backup equal."""
        own = [one for one in self.drills if one.fields.get("backup") == manifest]
        return own[-1].at if own and own[-1].fields.get("clean") is True else None

    def _set_of(self, manifest: str) -> str:
        found = (one.fields for one in self.made if one.fields.get("manifest") == manifest)
        return next((str(one.get("set", "")) for one in found), "")

    def _record(self, one: BackupSet, manifest: str | None) -> BackupRecord:
        return BackupRecord(
            name=manifest or one.label,
            at=one.stopped,
            kind=one.type,
            bytes=one.repository_bytes,
            proven_at=self.proven_at(manifest) if manifest else None,
            note="" if manifest else "no manifest: it can be restored, and not proved",
        )


def read_catalog(folder: ClusterFolder, sets: Sequence[BackupSet]) -> BackupCatalog:
    """Read manifests' names and records beside the sets of the repository."""
    return BackupCatalog(
        sets,
        folder.manifest_names(),
        folder.events.read(BACKUP_EVENT),
        folder.events.read(DRILL_EVENT),
    )
