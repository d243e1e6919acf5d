"""What a backup has to bring back, kept encrypted beside it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from backend.backup import keys
from backend.backup.archive_digest import ArchiveDigest
from backend.backup.keys import BackupKey, DamagedError
from backend.backup.sqlite.contents import SQLiteContents

_FORMAT = 1


@dataclass(frozen=True)
class SQLiteManifest:
    """A backup's name, what its archive is as a file, and what its database holds."""

    name: str
    at: datetime
    database: str
    release: str
    archive: ArchiveDigest
    contents: SQLiteContents

    def encrypted(self, recipient: str) -> bytes:
        """Return it as the file that lies beside the archive."""
        fields = {
            "format": _FORMAT,
            "name": self.name,
            "at": self.at.isoformat(),
            "database": self.database,
            "release": self.release,
            "archive": self.archive.as_dict(),
            "contents": self.contents.as_dict(),
        }
        return keys.encrypt(json.dumps(fields).encode(), recipient)


def decrypt_manifest(data: bytes, key: BackupKey, *, name: str) -> SQLiteManifest:
    """Read the manifest of a backup.

    Raises:
        DamagedError: it is no manifest, or that of another backup.
        WrongKeyError: it was encrypted for another key.
    """
    text = keys.decrypt(data, key, name=f"the manifest of {name}")
    try:
        fields = json.loads(text)
        manifest = SQLiteManifest(
            name=fields["name"],
            at=datetime.fromisoformat(fields["at"]),
            database=fields["database"],
            release=fields["release"],
            archive=ArchiveDigest(**fields["archive"]),
            contents=SQLiteContents.from_dict(fields["contents"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise DamagedError(f"the manifest of {name} cannot be read") from None
    if manifest.name != name:
        raise DamagedError(f"beside {name} lies the manifest of {manifest.name}")
    return manifest
