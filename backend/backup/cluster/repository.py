"""What a cluster's backups lie in: one folder for each cluster, below the folder of all backups."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from backend.backup.cluster.pgbackrest import STANZA
from backend.backup.cluster.wal import WalSegment
from backend.backup.records import EventLog
from backend.errors import DatabaseError

_IDENTIFIER = re.compile(r"\d{15,20}")
_ARCHIVED = re.compile(r"([0-9A-F]{24})-[0-9a-f]{40}(\.\w+)?")
_IDENTIFIER_BYTES = 8
MANIFEST_SUFFIX = ".age"
# Whoever copies the folder off the host is in its group, if BACKUP_GID names one.
GROUP_COPIES = 0o640


def system_identifier(data: Path) -> str:
    """Return the number by which a cluster is known, whether or not it runs.

    Raises:
        DatabaseError: there is no cluster in the folder.
    """
    # Its place is the same in all versions: https://github.com/postgres/postgres, pg_control.h.
    try:
        with (data / "global" / "pg_control").open("rb") as file:
            return str(int.from_bytes(file.read(_IDENTIFIER_BYTES), sys.byteorder))
    except OSError as error:
        raise DatabaseError(
            f"there is no cluster in {data}: {error.strerror}", hint="start `db` first"
        ) from None


@dataclass(frozen=True)
class ClusterFolder:
    """The folder of one cluster's backups."""

    root: Path

    @property
    def subject(self) -> str:
        """Return whose backups these are, in words."""
        return f"cluster {self.root.name}"

    @property
    def repository(self) -> Path:
        """Return where pgBackRest keeps backups and WAL."""
        return self.root / "repository"

    @property
    def manifests(self) -> Path:
        """Return where the manifests lie."""
        return self.root / "manifests"

    @property
    def records(self) -> Path:
        """Return where it is noted what happened."""
        return self.root / "records"

    @property
    def events(self) -> EventLog:
        """Return what happened: backups, drills, checks, restores."""
        return EventLog(self.records, mode=GROUP_COPIES)

    @property
    def lock(self) -> Path:
        """Return the file that keeps our commands apart."""
        return self.root / "lock"

    @property
    def retention_lock(self) -> Path:
        """Return the file that keeps restores and the removal of old backups apart."""
        return self.root / "retention-lock"

    @property
    def pgbackrest_locks(self) -> Path:
        """Return where pgBackRest keeps its own commands apart."""
        return self.root / "pgbackrest-locks"

    @property
    def has_stanza(self) -> bool:
        """Tell whether the repository is ready to take WAL."""
        return (self.repository / "archive" / STANZA / "archive.info").exists()

    def prepare(self) -> None:
        """Make the folders that are missing.

        Raises:
            DatabaseError: the folder of all backups is gone or not ours to write.
        """
        try:
            for folder in (self.repository, self.manifests, self.records, self.pgbackrest_locks):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DatabaseError(
                f"{error.filename} cannot be made: {error.strerror}",
                hint="see BACKUP_DIR: the folder must be there, and uid 999 must be able to write",
            ) from None

    def archived(self) -> set[WalSegment]:
        """Return every segment of WAL in the repository."""
        return {found for found, _ in self._archive()}

    def archived_until(self, segment: WalSegment) -> datetime | None:
        """Return when a segment reached the repository; None if it is not there."""
        for found, path in self._archive():
            if found == segment:
                return datetime.fromtimestamp(path.stat().st_mtime, UTC)
        return None

    def timelines_begun(self) -> dict[int, datetime]:
        """Return when the history of each timeline but the first reached the repository."""
        return {
            int(path.stem, 16): datetime.fromtimestamp(path.stat().st_mtime, UTC)
            for path in self._archive_folder().glob("*/*.history")
        }

    def has_archived(self, segment: WalSegment) -> bool:
        """Tell whether a segment is in the repository."""
        folders = self._archive_folder().glob(f"*/{segment.folder}")
        return any(any(folder.glob(f"{segment}-*")) for folder in folders)

    def manifest_names(self) -> list[str]:
        """Return the names of all manifests, the oldest first."""
        found = self.manifests.glob(f"*{MANIFEST_SUFFIX}")
        return sorted(path.name.removesuffix(MANIFEST_SUFFIX) for path in found)

    def _archive(self) -> Iterator[tuple[WalSegment, Path]]:
        for path in self._archive_folder().glob("*/*/*"):
            if found := _ARCHIVED.fullmatch(path.name):
                yield WalSegment.parse(found[1]), path

    def _archive_folder(self) -> Path:
        return self.repository / "archive" / STANZA


def cluster_here(data: Path) -> str:
    """Return the number of the cluster in a folder; empty if none is there, or none that tells."""
    try:
        return system_identifier(data)
    except DatabaseError:
        return ""


def cluster_folder(backups: Path, data: Path) -> ClusterFolder:
    """Return the folder of the cluster in a data folder."""
    return ClusterFolder(backups / system_identifier(data))


def all_clusters(backups: Path) -> list[ClusterFolder]:
    """Return the folder of every cluster that was ever backed up there."""
    found = sorted(backups.iterdir()) if backups.is_dir() else []
    return [ClusterFolder(path) for path in found if _IDENTIFIER.fullmatch(path.name)]
