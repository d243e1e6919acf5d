"""What a dump has to bring back, kept encrypted beside it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime

from backend.backup import keys
from backend.backup.archive_digest import ArchiveDigest
from backend.backup.keys import BackupKey, DamagedError
from backend.backup.postgres.contents import DatabaseContents, contents_from_dict

_FORMAT = 1


@dataclass(frozen=True)
class DatabaseFacts:
    """What another server has to be told before the dump fits into it."""

    name: str
    server_version: int
    encoding: str
    bytes: int
    roles: tuple[str, ...]


@dataclass(frozen=True)
class DumpManifest:
    """A dump's name, what its archive is as a file, and what its database was and held."""

    name: str
    at: datetime
    database: DatabaseFacts
    archive: ArchiveDigest
    contents: DatabaseContents

    def encrypted(self, recipient: str) -> bytes:
        """Return it as the file that lies beside the archive."""
        fields = {"format": _FORMAT, **asdict(self), "at": self.at.isoformat()}
        return keys.encrypt(json.dumps(fields, ensure_ascii=False).encode(), recipient)


def decrypt_manifest(data: bytes, key: BackupKey, *, name: str) -> DumpManifest:
    """Read the manifest of a dump.

    Raises:
        DamagedError: it is no manifest, or that of another dump.
        WrongKeyError: it was encrypted for another key.
    """
    text = keys.decrypt(data, key, name=f"the manifest of {name}")
    try:
        manifest = _parsed(text)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DamagedError(
            f"the manifest of {name} cannot be read: {error!r}",
            hint="take another dump; a newer release may have written it",
        ) from None
    if manifest.name != name:
        raise DamagedError(f"beside {name} lies the manifest of {manifest.name}")
    return manifest


def _parsed(text: bytes) -> DumpManifest:
    fields = json.loads(text)
    if fields["format"] != _FORMAT:
        raise ValueError(f"format {fields['format']} is unknown")
    facts = {**fields["database"], "roles": tuple(fields["database"]["roles"])}
    return DumpManifest(
        name=fields["name"],
        at=datetime.fromisoformat(fields["at"]),
        database=DatabaseFacts(**facts),
        archive=ArchiveDigest(**fields["archive"]),
        contents=contents_from_dict(fields["contents"]),
    )
