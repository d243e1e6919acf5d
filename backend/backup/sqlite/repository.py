"""The folder of a file's backups, and what lies beside the file itself: its key and scratch."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from glob import escape
from pathlib import Path

from backend.backup.archive_folder import ArchiveFolder
from backend.backup.keys import BackupKey
from backend.backup.sqlite.sqlite_manifest import SQLiteManifest, decrypt_manifest


@dataclass(frozen=True)
class SQLiteRepository(ArchiveFolder):
    """Where the backups of one file lie: `BACKUP_DIR/hesap_paylas/` for `hesap_paylas.db`."""

    database: Path

    kind = "file"
    ending = ".db.gz.age"

    @classmethod
    def of(cls, database: Path, folder: Path | None) -> SQLiteRepository:
        """Return the repository of a file, without a folder the one beside it."""
        parent = folder.absolute() if folder else database.parent / "backups"
        return cls(parent / database.stem, database)

    @property
    def key_path(self) -> Path:
        """Return where the key lies: beside the file, which it could not protect anyway."""
        return self.database.with_name(f"{self.database.name}.backup-key")

    def read_manifest(self, name: str, key: BackupKey) -> SQLiteManifest:
        """Read the manifest of a backup."""
        return decrypt_manifest(self.manifest(name).read_bytes(), key, name=name)

    def sweep(self) -> None:
        """Remove what a killed run has left, in both places."""
        super().sweep()
        for folder in self.database.parent.glob(f"{escape(self._scratch_prefix)}*"):
            shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """Lend a private folder beside the file, on its disk and never where backups are copied."""
        with tempfile.TemporaryDirectory(
            prefix=self._scratch_prefix, dir=self.database.parent, ignore_cleanup_errors=True
        ) as name:
            yield Path(name)

    @property
    def _scratch_prefix(self) -> str:
        return f".{self.database.name}.backup-scratch-"
