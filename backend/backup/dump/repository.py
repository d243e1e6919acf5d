"""The folder of a database's dumps, and where the key to them lies."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from backend.backup.archive_folder import ArchiveFolder
from backend.backup.copies import prepare_copies
from backend.backup.dump.dump_manifest import DumpManifest, decrypt_manifest
from backend.backup.keys import BackupKey
from backend.errors import DatabaseError

# Whoever copies the folder off the host is in its group, if BACKUP_GID names one.
_GROUP_COPIES = 0o640


@dataclass(frozen=True)
class DumpRepository(ArchiveFolder):
    """Where the dumps of one database lie: `BACKUP_DIR/dumps-NAME/`."""

    key_file: Path

    kind = "dump"
    ending = ".dump.age"
    file_mode = _GROUP_COPIES
    folder_mode = 0o2750

    @property
    def subject(self) -> str:
        """Return whose backups these are, in words."""
        return f"an external database, {self.root.name}"

    @property
    def key_path(self) -> Path:
        """Return where the key lies: in the volume of the backups' secrets."""
        return self.key_file

    @property
    def lock(self) -> Path:
        """Return the file that keeps runs apart."""
        return self.root / "lock"

    def prepare(self) -> None:
        """Make the folder if it is missing.

        Raises:
            DatabaseError: the folder of all backups is gone or not ours to write.
        """
        try:
            self.root.mkdir(exist_ok=True, mode=self.folder_mode)
            prepare_copies(self.root.parent)
        except OSError as error:
            raise DatabaseError(
                f"{self.root} cannot be made: {error.strerror}",
                hint="see BACKUP_DIR: the folder must be there, and uid 999 must be able to write",
            ) from None

    def read_manifest(self, name: str, key: BackupKey) -> DumpManifest:
        """Read the manifest of a dump."""
        return decrypt_manifest(self.manifest(name).read_bytes(), key, name=name)
