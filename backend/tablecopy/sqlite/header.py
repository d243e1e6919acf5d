"""What the first bytes of a SQLite file tell, before SQLite has opened it."""

from __future__ import annotations

from pathlib import Path

from backend.errors import DatabaseError, RefusedError

_MAGIC = b"SQLite format 3\0"
_HEADER_BYTES = 20
# The last two of these bytes, https://www.sqlite.org/fileformat.html: 2 stands for WAL.
_WAL_VERSIONS = b"\2\2"


def see_header(path: Path) -> None:
    """See that this is a SQLite database.

    Raises:
        DatabaseError: the file is not there, or cannot be read.
        RefusedError: it is something else.
    """
    header = _header(path)
    if not header:
        raise RefusedError(f"{path} is empty", hint="name another file")
    if not header.startswith(_MAGIC):
        raise RefusedError(
            f"{path} is not a SQLite database, or an encrypted one: it begins with {header[:8]!r}",
            hint="name another file",
        )


def is_wal(path: Path) -> bool:
    """Tell whether the file is in WAL mode."""
    return _header(path).endswith(_WAL_VERSIONS)


def _header(path: Path) -> bytes:
    # Never while SQLite has the file open in this process: closing this descriptor would take
    # SQLite's locks away.
    try:
        with path.open("rb") as file:
            return file.read(_HEADER_BYTES)
    except FileNotFoundError:
        raise DatabaseError(f"{path} is not there", hint="name another file") from None
    except OSError as error:
        raise DatabaseError(
            f"{path} cannot be read: {error.strerror}",
            hint="let this user read it, or name another file",
        ) from None
