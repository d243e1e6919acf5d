"""A folder of backups of two files each, an archive and its manifest, all for one key."""

from __future__ import annotations

import logging
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, ClassVar, Protocol

from backend.backup import keys
from backend.backup.archive_digest import ArchiveDigest
from backend.backup.keys import BackupKey
from backend.backup.records import EventLog
from backend.backup.restore_target import RestoreTarget
from backend.backup.results import BackupRecord, moment
from backend.backup.retention import expired
from backend.db import private_files
from backend.errors import DatabaseError, DataError, RefusedError

log = logging.getLogger(__name__)

DRILL = "drill"
KEYGEN = "keygen"
RESTORE = "restore"

_MANIFEST = ".manifest.age"
# The second one of a second ends in -2: names are in the order in which backups were made.
_NAME = re.compile(r"backup-(\d{8}T\d{6}Z)(-\d)?", re.ASCII)
_STAMP = "%Y%m%dT%H%M%SZ"


class ArchiveManifest(Protocol):
    """What has to come back of a backup; every kind says so of its archive."""

    @property
    def archive(self) -> ArchiveDigest:
        """Return what the archive was as a file."""


@dataclass(frozen=True)
class ArchiveFolder(ABC):
    """Where the backups of one database lie; `ending` is that of its archives."""

    root: Path

    kind: ClassVar[str]
    ending: ClassVar[str]
    file_mode: ClassVar[int] = private_files.PRIVATE
    folder_mode: ClassVar[int] = 0o700

    @property
    @abstractmethod
    def key_path(self) -> Path:
        """Return where the key lies."""

    @abstractmethod
    def read_manifest(self, name: str, key: BackupKey) -> ArchiveManifest:
        """Read the manifest of a backup.

        Raises:
            DamagedError: it is not what was written, or that of another backup.
            WrongKeyError: it was encrypted for another key.
        """

    @property
    def events(self) -> EventLog:
        """Return what happened to the backups."""
        return EventLog(self.root / "records", mode=self.file_mode)

    def archive(self, name: str) -> Path:
        """Return the file of a backup."""
        return self.root / f"{name}{self.ending}"

    def manifest(self, name: str) -> Path:
        """Return the file of a backup's manifest: there before the archive gets its name."""
        return self.root / f"{name}{_MANIFEST}"

    def names(self) -> list[str]:
        """Return the names of all backups that are whole, the oldest first."""
        return sorted(self._named(self.ending) & self._named(_MANIFEST))

    def incomplete(self) -> list[str]:
        """Say which files have lost the other half of their backup; nothing of ours removes one."""
        archives, manifests = self._named(self.ending), self._named(_MANIFEST)
        return [
            *(f"the manifest of {name} is missing" for name in sorted(archives - manifests)),
            *(f"the archive of {name} is missing" for name in sorted(manifests - archives)),
        ]

    def new_name(self, at: datetime) -> str:
        """Return a name for a backup that is made at this time.

        Raises:
            RefusedError: nine backups are of this second already.
        """
        first = f"backup-{at.astimezone(UTC).strftime(_STAMP)}"
        taken = self._named(self.ending) | self._named(_MANIFEST)
        for name in (first, *(f"{first}-{number}" for number in range(2, 10))):
            if not any(one >= name for one in taken if one.startswith(first)):
                return name
        raise RefusedError(f"{first} and more are there already", hint="run it again in a second")

    @contextmanager
    def new_archive(self, name: str) -> Iterator[BinaryIO]:
        """Open an archive; its name appears last, so that none is ever without its manifest."""
        try:
            with private_files.whole_file(self.archive(name), mode=self.file_mode) as file:
                yield file
        except BaseException:
            self.manifest(name).unlink(missing_ok=True)
            raise

    def find(self, name: str | None) -> str:
        """Return the name of a backup, of the newest if none is given.

        Raises:
            DataError: there is no such backup.
        """
        names = self.names()
        if not names:
            raise DataError(f"there is no backup in {self.root}", hint="make one: create")
        if name is not None and name not in names:
            raise DataError(f"there is no backup {name} in {self.root}", hint="see: list")
        return name or names[-1]

    def choose(self, target: RestoreTarget, now: datetime) -> str:
        """Return the name of the backup that a restore to a target begins with.

        Raises:
            DataError: there is no such backup, or none that is old enough.
            RefusedError: the newest is from the future.
        """
        if target.name:
            return self.find(target.name)
        newest = self.find(None)
        if target.at is None:
            if time_of(newest) > now:
                raise RefusedError(
                    f"{newest} is from the future: the clock was wrong, then or now",
                    hint="see which one is the newest by `list`, and name it with --to NAME",
                )
            return newest
        return self._newest_before(target.at)

    def backups(self) -> list[BackupRecord]:
        """Return every backup, the oldest first, by what can be read without a key."""
        last = {one.fields.get("backup"): one for one in self.events.read(DRILL)}
        proven = {name: one.at for name, one in last.items() if one.fields.get("clean")}
        return [
            BackupRecord(
                name, time_of(name), self.kind, self.archive(name).stat().st_size, proven.get(name)
            )
            for name in self.names()
        ]

    def key(self) -> BackupKey:
        """Read the key.

        Raises:
            ConfigError: it is not there, or cannot be used.
        """
        return keys.load(self.key_path)

    def key_or_new_one(self) -> BackupKey:
        """Read the key, or make one: a backup that waits for somebody to think of keys is none."""
        if not self.key_path.exists() and not self.is_claimed:
            keys.save(self.key_path, keys.generate())
        key = self.key()
        self.claim(key.recipient)
        return key

    @property
    def is_claimed(self) -> bool:
        """Tell whether there is a key that these backups were made for."""
        return self._owner.exists()

    def claim(self, recipient: str) -> None:
        """Make the folder, for backups that this key opens and no other.

        Raises:
            RefusedError: it holds those of another key, or of another database of that name.
            DatabaseError: it cannot be made.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True, mode=self.folder_mode)
            if not self.is_claimed:
                private_files.replace(self._owner, f"{recipient}\n", mode=self.file_mode)
            found = self._owner.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise DatabaseError(
                f"the folder {self.root} cannot be used: {error.strerror}",
                hint="name one that this user can write to with BACKUP_DIR",
            ) from None
        if found != recipient:
            raise RefusedError(
                f"{self.root} holds backups that another key opens ({found})",
                hint=f"bring that key back as {self.key_path}, or name another BACKUP_DIR",
            )

    def expire(self) -> None:
        """Remove what the retention no longer wants."""
        for backup in expired(self.backups()):
            self.remove(backup.name)
            log.info("removed a backup", extra={"fields": {"backup": backup.name}})

    def remove(self, name: str) -> None:
        """Remove a backup; a killed run is finished by the next one's `sweep`."""
        archive = self.archive(name)
        archive.rename(archive.with_name(f"{archive.name}{private_files.PARTIAL}"))
        self.sweep()

    def sweep(self) -> None:
        """Remove what a killed run has left: to be called under the lock, which says it is dead."""
        for partial in self.root.glob(f"backup-*{private_files.PARTIAL}"):
            name = partial.name.partition(".")[0]
            # A manifest without its archive is the work of that run, not a loss.
            self.manifest(name).unlink(missing_ok=True)
            partial.unlink(missing_ok=True)

    @property
    def _owner(self) -> Path:
        return self.root / "recipient"

    def _newest_before(self, at: datetime) -> str:
        names = self.names()
        old_enough = [one for one in names if time_of(one) <= at]
        if not old_enough:
            raise DataError(
                f"no backup is as old as {moment(at)}",
                hint=f"the oldest, {names[0]}, is of {moment(time_of(names[0]))}",
            )
        return old_enough[-1]

    def _named(self, ending: str) -> set[str]:
        names = {path.name.removesuffix(ending) for path in self.root.glob(f"*{ending}")}
        return {name for name in names if _NAME.fullmatch(name)}


def time_of(name: str) -> datetime:
    """Return when the backup of this name was made."""
    found = _NAME.fullmatch(name)
    assert found is not None  # noqa: S101 - only such names are listed
    return datetime.strptime(found[1], _STAMP).replace(tzinfo=UTC)
