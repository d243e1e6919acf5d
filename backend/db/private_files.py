"""Files with people's data or secrets: private, and never half written after a crash.

Names and contents are on the disk for good when a function here has returned.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from errno import EEXIST
from pathlib import Path
from typing import BinaryIO

PRIVATE = 0o600
GROUP_READS = 0o440
PARTIAL = ".partial"


def reserve(path: Path) -> None:
    """Create an empty file for another library to write.

    Raises:
        FileExistsError: there is a file of this name; it is left as it is.
    """
    os.close(_created(path, PRIVATE))


def write_new(path: Path, chunks: Iterable[bytes], *, mode: int = PRIVATE) -> None:
    """Write a file of a name that is not taken; leave none if it cannot be written whole.

    Raises:
        FileExistsError: there is a file of this name; it is left as it is.
    """
    descriptor = _created(path, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.writelines(chunks)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink()
        raise
    sync_folder(path.parent)


@contextmanager
def whole_file(path: Path, *, mode: int = PRIVATE) -> Iterator[BinaryIO]:
    """Open a new file that gets its name when the block has ended well.

    A kill leaves `NAME.partial`, which nobody takes for the file.

    Raises:
        FileExistsError: there is a file of this name; it is left as it is.
    """
    if path.exists():
        raise FileExistsError(EEXIST, os.strerror(EEXIST), str(path))
    partial = path.with_name(f"{path.name}{PARTIAL}")
    try:
        with os.fdopen(_created(partial, mode), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.rename(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def write_whole(path: Path, data: bytes, *, mode: int = PRIVATE) -> None:
    """Write a new file that readers see whole or not at all."""
    with whole_file(path, mode=mode) as file:
        file.write(data)


def replace(path: Path, text: str, *, mode: int = PRIVATE) -> None:
    """Write a file, or put it in the place of another; readers see the old one or the new one."""
    temporary = path.with_name(f"{path.name}.tmp")
    temporary.unlink(missing_ok=True)
    with os.fdopen(_created(temporary, mode), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    sync_folder(path.parent)


def sync_file(path: Path) -> None:
    """Put a file that another library has written on the disk for good, and its name."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Put the names in a folder on the disk for good, where the system lets one."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _created(path: Path, mode: int) -> int:
    return os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode)
