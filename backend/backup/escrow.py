"""The escrow: what opens the backups and lets sessions go on elsewhere, in one small file.

It is encrypted with a pass phrase and kept off the host. A new server needs it and the folder of
the backups, and nothing else: passwords of the database are made anew.
"""

from __future__ import annotations

import atexit
import hashlib
import hmac
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from backend.backup import keys
from backend.backup.cluster.repository import GROUP_COPIES, ClusterFolder, cluster_here
from backend.backup.cluster.settings import ClusterSettings
from backend.backup.keys import DamagedError
from backend.backup.records import EventRecord
from backend.backup.restore_target import BackupSource
from backend.backup.results import KeyAnswer
from backend.db import private_files
from backend.errors import ConfigError, RefusedError, UsageError

KEYGEN = "keygen"
_FORMAT = 1
_SHORTEST_PHRASE = 12

_CIPHER_PASS, _MANIFEST_KEY = "repository.conf", "manifest_key"
_SESSION_KEY, _FALLBACKS = "session_key", "session_key_fallbacks"
_FILES = (_CIPHER_PASS, _MANIFEST_KEY, _SESSION_KEY, _FALLBACKS)
_ADVICE = (
    "Keep three things off this host, and not all in one place:",
    "  the escrow file {path}, in the folder of the backups: copy it away",
    "  its pass phrase, without which it is worth nothing",
    "  the folder of the backups itself: rsync, restic, another disk",
    "The key below opens encrypted dumps. It is in the escrow too, and is not shown again:",
)


@dataclass(frozen=True)
class Escrow:
    """The keys of one cluster; `identity` opens dumps and is nowhere else."""

    system_identifier: str
    identity: str = field(repr=False)
    files: Mapping[str, str] = field(repr=False)


def write_escrow(folder: ClusterFolder, keys_folder: Path, pass_phrase: str) -> KeyAnswer:
    """Put all keys into a new file beside the backups, and remember what it holds.

    Raises:
        UsageError: the pass phrase is too short to protect them.
        ConfigError: a key is not there.
    """
    if len(pass_phrase) < _SHORTEST_PHRASE:
        raise UsageError(
            f"the pass phrase is too short: expected at least {_SHORTEST_PHRASE} characters",
            hint="four or five words that nobody would put together",
        )
    key, at = keys.generate(), datetime.now(UTC)
    files = _read_all(keys_folder)
    escrow = Escrow(folder.root.name, key.identity, files)
    path = folder.root / f"escrow-{at:%Y%m%dT%H%M%SZ}.age"
    private_files.write_new(path, [seal(escrow, pass_phrase)], mode=GROUP_COPIES)
    holds = {name: _digest(files, name) for name in files}
    record = {"file": path.name, "recipient": key.recipient, "holds": holds}
    folder.events.add(EventRecord(KEYGEN, at, record))
    shown = f"{folder.root.name}/{path.name}"
    return KeyAnswer(key.identity, key.recipient, [one.format(path=shown) for one in _ADVICE])


def escrow_warnings(folder: ClusterFolder, keys_folder: Path) -> Iterator[str]:
    """Yield what the newest escrow lacks."""
    records = folder.events.read(KEYGEN)
    if not records:
        yield "no escrow: if this host is lost, its backups cannot be opened; see `keygen`"
        return
    held = records[-1].fields.get("holds", {})
    files = {name: text for name in _FILES if (text := _read(keys_folder / name))}
    if any(name in files and held.get(name) != _digest(files, name) for name in _FILES[:2]):
        yield "the escrow holds other keys than this host's: make a new one by `keygen`"
    elif _SESSION_KEY in files and held.get(_SESSION_KEY) != _digest(files, _SESSION_KEY):
        yield "the session key was rotated since the escrow was written: `keygen` again"


def seal(escrow: Escrow, pass_phrase: str) -> bytes:
    """Return the escrow as a file of the age format, which Debian's `age` opens too."""
    values = {
        "format": _FORMAT,
        "system_identifier": escrow.system_identifier,
        "identity": escrow.identity,
        "files": dict(escrow.files),
    }
    return keys.encrypt_with_phrase(json.dumps(values, indent=1).encode(), pass_phrase)


def open_escrow(data: bytes, pass_phrase: str) -> Escrow:
    """Open an escrow.

    Raises:
        WrongKeyError: the pass phrase is another one.
        DamagedError: it is not what was written.
    """
    text = keys.decrypt_with_phrase(data, pass_phrase, name="the escrow")
    try:
        values = json.loads(text)
        if values["format"] != _FORMAT:
            raise ValueError(values["format"])
        files = {name: str(values["files"][name]) for name in _FILES}
        return Escrow(str(values["system_identifier"]), str(values["identity"]), files)
    except (ValueError, KeyError, TypeError):
        raise DamagedError(
            "the escrow is of a form that this release does not know",
            hint="use the release that wrote it, or a later one",
        ) from None


def bring_escrow(settings: ClusterSettings, source: BackupSource) -> ClusterSettings:
    """Open an escrow; its keys are this process's alone, until `hand_over_keys`.

    Raises:
        RefusedError: this host has data of another cluster, or keys of its own that are other ones.
        ConfigError: the escrow cannot be read, or not opened with the pass phrase.
    """
    if source.escrow is None:
        return replace(settings, cluster=source.cluster)
    try:
        data = source.escrow.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"the escrow {source.escrow} cannot be read: {error.strerror}",
            hint='bring it into the container: run --rm -v "$PWD/FILE:/escrow.age:ro" restore',
        ) from None
    escrow = open_escrow(data, source.pass_phrase)
    _refuse_another(settings, escrow)
    # In memory in the container, and gone with this process, however it ends.
    folder = Path(tempfile.mkdtemp(prefix="escrow-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    _lay(escrow.files, folder)
    cluster = source.cluster or escrow.system_identifier
    return replace(settings, keys=folder, cluster=cluster, has_brought_keys=True)


def hand_over_keys(settings: ClusterSettings) -> None:
    """Lay the keys that an escrow has brought where `secrets` takes them over at the next `up`."""
    if settings.has_brought_keys:
        _lay(_read_all(settings.keys), settings.escrow)


def _refuse_another(settings: ClusterSettings, escrow: Escrow) -> None:
    here = cluster_here(settings.data)
    if here and here != escrow.system_identifier:
        raise RefusedError(
            f"the escrow is of cluster {escrow.system_identifier}, and the data here of {here}:"
            " nothing was changed",
            hint="take the escrow of this cluster; another one is brought back in a fresh clone",
        )
    own = _read(settings.keys / _CIPHER_PASS)
    if own and own != escrow.files[_CIPHER_PASS]:
        raise RefusedError(
            "this stack has keys of its own, and other ones are in the escrow: nothing was changed",
            hint="bring the old server back in a fresh clone, before its first `up`",
        )


def _lay(files: Mapping[str, str], folder: Path) -> None:
    for name, text in files.items():
        private_files.replace(folder / name, text)


def _read_all(keys_folder: Path) -> dict[str, str]:
    files = {name: _read(keys_folder / name) for name in _FILES}
    for name, text in files.items():
        if not text:
            raise ConfigError(
                f"{name} is missing in {keys_folder}",
                hint="`secrets` puts it there: run `up` first",
            )
    return files


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def _digest(files: Mapping[str, str], name: str) -> str:
    # Keyed: the records lie in the open, and a secret that somebody brought may be a weak one.
    key = files.get(_MANIFEST_KEY, "").encode()
    return hmac.new(key, f"{name}\n{files[name]}".encode(), hashlib.sha256).hexdigest()
