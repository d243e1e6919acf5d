"""What an archive is as a file: how long, and the digest of its encrypted bytes."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO


@dataclass(frozen=True)
class ArchiveDigest:
    """How long an archive is, and the digest of its encrypted bytes."""

    bytes: int
    sha256: str

    def as_dict(self) -> dict[str, Any]:  # what json.dumps takes
        """Return it for JSON."""
        return asdict(self)

    def differences(self, found: ArchiveDigest, name: str) -> list[str]:
        """Say how an archive that was found differs from the one that was written."""
        if found.bytes != self.bytes:
            return [f"{name} has {found.bytes:,} bytes, expected {self.bytes:,}"]
        if found != self:
            return [f"{name} is damaged: its bytes are not those that were written"]
        return []


class DigestingFile:
    """A file whose bytes are counted and digested as they are written."""

    def __init__(self, target: BinaryIO) -> None:
        self._target = target
        self._digest = hashlib.sha256()
        self._bytes = 0

    def write(self, data: bytes) -> int:
        """Write, and remember."""
        self._digest.update(data)
        self._bytes += len(data)
        return self._target.write(data)

    def flush(self) -> None:
        """Hand over what is buffered."""
        self._target.flush()

    def result(self) -> ArchiveDigest:
        """Return what was written so far."""
        return ArchiveDigest(self._bytes, self._digest.hexdigest())


def digest_archive(archive: Path) -> ArchiveDigest:
    """Read an archive as it lies there."""
    with archive.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return ArchiveDigest(file.tell(), digest)
