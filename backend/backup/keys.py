"""Keys of the age format (https://age-encryption.org), by pyrage: what Debian's `age` reads too."""

from __future__ import annotations

import os
import re
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import pyrage

from backend.db import private_files
from backend.errors import ConfigError, FoundWanting, TransientError

_FOR_ANOTHER_KEY = "No matching keys found"
_FOR_ANOTHER_PHRASE = {_FOR_ANOTHER_KEY, "Decryption failed"}
# What it costs to try a pass phrase is 2 to the power of a number in the header. pyrage measures
# the machine for a moment, to make that a second, and refuses what would take sixteen times as
# long: on a busy machine it may measure far too little, each time anew.
_WORK = re.compile(rb"\n-> scrypt \S+ (\d+)\n")
_TOO_MUCH_WORK = "Excessive work parameter"
_ENOUGH_WORK = 18  # as Debian's age takes
_MEASUREMENTS = 8
_PAUSE_SECONDS = 0.5


class DamagedError(FoundWanting):
    """An encrypted file is not what was written."""


class WrongKeyError(ConfigError):
    """A file was encrypted for another key."""


@dataclass(frozen=True)
class BackupKey:
    """An age identity, which opens what was encrypted for its recipient."""

    identity: str = field(repr=False)
    recipient: str


def generate() -> BackupKey:
    """Make a key at random."""
    return _of(pyrage.x25519.Identity.generate())


def parse(text: str, *, name: str) -> BackupKey:
    """Read an identity as `age-keygen` writes it, with or without its comments.

    Raises:
        ConfigError: it holds no identity, or more than one.
    """
    lines = [line.strip() for line in text.splitlines()]
    found = [line for line in lines if line and not line.startswith("#")]
    try:
        (only,) = found
        return _of(pyrage.x25519.Identity.from_str(only))
    except (ValueError, pyrage.IdentityError):
        # What the file holds is not repeated: it may be most of a key.
        raise ConfigError(
            f"{name} holds no age identity",
            hint="its one line begins with AGE-SECRET-KEY-1; bring it back from where you keep it",
        ) from None


def load(path: Path) -> BackupKey:
    """Read the key in a file that nobody else can read.

    Raises:
        ConfigError: it is not there, holds no identity, or others can read it.
    """
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise ConfigError(
            f"the key {path} cannot be read: {reason}",
            hint="put the identity that keygen printed into this file, for your eyes only (0600)",
        ) from None
    # Windows keeps no such bits.
    if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
        raise ConfigError(f"others can read the key {path}", hint=f"chmod 600 {path}")
    return parse(text, name=str(path))


def save(path: Path, key: BackupKey) -> None:
    """Write a key into a new file that nobody else can read.

    Raises:
        FileExistsError: there is a file of this name; it is left as it is.
    """
    text = f"# public key: {key.recipient}\n{key.identity}\n"
    private_files.write_new(path, [text.encode()])


def encrypt(data: bytes, recipient: str) -> bytes:
    """Encrypt what fits into memory."""
    return bytes(pyrage.encrypt(data, [_recipient(recipient)]))


def decrypt(data: bytes, key: BackupKey, *, name: str) -> bytes:
    """Return what was encrypted; `name` stands for it in an error.

    Raises:
        DamagedError: it is not what was written.
        WrongKeyError: it was encrypted for another key.
    """
    with _errors(name):
        return bytes(pyrage.decrypt(data, [_identity(key)]))


def encrypt_stream(source: BinaryIO, target: BinaryIO, recipient: str) -> None:
    """Encrypt all that can be read from `source`."""
    reader, writer = _Reader(source), _Writer(target)
    try:
        pyrage.encrypt_io(reader, writer, [_recipient(recipient)])
    except (pyrage.EncryptError, OSError):
        _raise_own(reader, writer)
        raise
    _raise_own(reader, writer)


def decrypt_stream(source: BinaryIO, target: BinaryIO, key: BackupKey, *, name: str) -> None:
    """Decrypt all that can be read from `source`; what is written before an error is worthless.

    Raises:
        DamagedError: it is not what was written.
        WrongKeyError: it was encrypted for another key.
    """
    reader, writer = _Reader(source), _Writer(target)
    with _errors(name):
        try:
            pyrage.decrypt_io(reader, writer, [_identity(key)])
        except (pyrage.DecryptError, OSError):
            _raise_own(reader, writer)
            raise
    _raise_own(reader, writer)


def encrypt_with_phrase(data: bytes, pass_phrase: str) -> bytes:
    """Encrypt what fits into memory for whoever knows a pass phrase."""
    hardest = b""
    for _ in range(_MEASUREMENTS):
        hardest = max(hardest, bytes(pyrage.passphrase.encrypt(data, pass_phrase)), key=_work)
        if _work(hardest) >= _ENOUGH_WORK:
            break
    return hardest


def decrypt_with_phrase(data: bytes, pass_phrase: str, *, name: str) -> bytes:
    """Return what was encrypted with a pass phrase; `name` stands for it in an error.

    Raises:
        WrongKeyError: it was encrypted with another pass phrase.
        DamagedError: it is not what was written.
        TransientError: this machine is too busy, or much slower than the one that wrote it.
    """
    for _ in range(_MEASUREMENTS):
        try:
            return bytes(pyrage.passphrase.decrypt(data, pass_phrase))
        except pyrage.DecryptError as error:
            if not str(error).startswith(_TOO_MUCH_WORK):
                raise _phrase_error(str(error), name) from None
        time.sleep(_PAUSE_SECONDS)
    raise TransientError(
        f"{name} was encrypted by a machine that seems much faster than this one",
        hint="try again when less is going on here, or open it with the program `age`",
    )


def _work(encrypted: bytes) -> int:
    found = _WORK.search(encrypted)
    return int(found[1]) if found else 0


def _phrase_error(said: str, name: str) -> FoundWanting | ConfigError:
    if said in _FOR_ANOTHER_PHRASE:
        return WrongKeyError(
            f"{name} cannot be opened with this pass phrase",
            hint="it was encrypted with another one, or its header is damaged",
        )
    return _damaged(name)


class _Stream:
    """A file as pyrage uses it, which remembers what went wrong.

    pyrage flushes its buffer when it is dropped, where nobody can be told: a disk that is full for
    the last 8 kB would pass for success. It also puts an error of ours into its own words.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.error: BaseException | None = None

    @contextmanager
    def _noted(self) -> Iterator[None]:
        try:
            yield
        except BaseException as error:
            self.error = self.error or error
            raise


class _Reader(_Stream):
    def read(self, count: int = -1) -> bytes:
        with self._noted():
            return self._file.read(count)


class _Writer(_Stream):
    def write(self, data: bytes) -> int:
        with self._noted():
            return self._file.write(data)

    def flush(self) -> None:
        with self._noted():
            self._file.flush()


def _raise_own(*streams: _Stream) -> None:
    for stream in streams:
        if stream.error is not None:
            raise stream.error


@contextmanager
def _errors(name: str) -> Iterator[None]:
    """Turn an error of decryption into ours; those of our own streams pass through."""
    try:
        yield
    except pyrage.DecryptError as error:
        if str(error) == _FOR_ANOTHER_KEY:
            raise WrongKeyError(
                f"{name} cannot be opened with this key",
                hint="it was encrypted for another one, or its header is damaged",
            ) from None
        raise _damaged(name) from None
    except OSError as error:
        # What is read on the way through is authenticated piece by piece; a bad piece has no errno.
        if error.errno is not None:
            raise
        raise _damaged(name) from None


def _damaged(name: str) -> DamagedError:
    return DamagedError(f"{name} is damaged", hint="take another backup, or another copy of it")


def _of(identity: Any) -> BackupKey:  # pyrage carries no types
    return BackupKey(str(identity), str(identity.to_public()))


def _identity(key: BackupKey) -> Any:  # as above
    return pyrage.x25519.Identity.from_str(key.identity)


def _recipient(text: str) -> Any:  # as above
    try:
        return pyrage.x25519.Recipient.from_str(text)
    except pyrage.RecipientError:
        raise ConfigError(
            f"{text!r} is no age recipient", hint="it begins with age1; keygen prints it"
        ) from None
