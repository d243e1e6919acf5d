"""A database as one file: compressed, encrypted, and whole or not there.

`age --decrypt -i KEY NAME.db.gz.age | gunzip > NAME.db` reads it without us.
"""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import BinaryIO, cast

from backend.backup import keys
from backend.backup.archive_digest import ArchiveDigest, DigestingFile
from backend.backup.keys import BackupKey, DamagedError
from backend.db import private_files

_GZIP = zlib.MAX_WBITS | 16
_LEVEL = 6
_CHUNK = 256 * 1024


def write_archive(copy: Path, file: BinaryIO, recipient: str) -> ArchiveDigest:
    """Write the archive of a copy."""
    target = DigestingFile(file)
    with copy.open("rb") as source:
        keys.encrypt_stream(
            cast("BinaryIO", _Compressing(source)), cast("BinaryIO", target), recipient
        )
    return target.result()


def read_archive(archive: Path, target: Path, key: BackupKey, *, most_bytes: int) -> None:
    """Decrypt an archive into a new private file, of so many bytes at most.

    Raises:
        DamagedError: it is not what was written.
        WrongKeyError: it was encrypted for another key.
    """
    private_files.reserve(target)
    with archive.open("rb") as source, target.open("wb") as file:
        unpacked = _Decompressing(file, archive.name, most_bytes)
        keys.decrypt_stream(source, cast("BinaryIO", unpacked), key, name=archive.name)
        unpacked.end()


class _Compressing:
    """A file that is read compressed."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._compressor = zlib.compressobj(_LEVEL, wbits=_GZIP)
        self._ready = b""
        self._is_over = False

    def read(self, count: int) -> bytes:
        while not self._ready and not self._is_over:
            chunk = self._source.read(_CHUNK)
            self._is_over = not chunk
            self._ready = self._compressor.compress(chunk) if chunk else self._compressor.flush()
        data, self._ready = self._ready[:count], self._ready[count:]
        return data


class _Decompressing:
    """A file that is given compressed bytes and holds what they stand for."""

    def __init__(self, target: BinaryIO, name: str, most_bytes: int) -> None:
        self._target = target
        self._name = name
        self._left = most_bytes
        self._decompressor = zlib.decompressobj(wbits=_GZIP)

    def write(self, data: bytes) -> int:
        try:
            plain = self._decompressor.decompress(data, self._left + 1)
        except zlib.error:
            raise DamagedError(f"{self._name} holds no compressed database") from None
        self._left -= len(plain)
        if self._left < 0:
            raise DamagedError(f"{self._name} holds more than its manifest says")
        self._target.write(plain)
        return len(data)

    def flush(self) -> None:
        self._target.flush()

    def end(self) -> None:
        if not self._decompressor.eof or self._left:
            raise DamagedError(f"{self._name} holds less than its manifest says")
