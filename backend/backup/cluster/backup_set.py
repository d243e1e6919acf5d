"""Backup sets, as pgBackRest describes them in the JSON of its `info`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from backend.backup.cluster.wal import lsn_number
from backend.errors import ConfigError, DatabaseError

_OK, _NO_STANZA, _NO_BACKUP, _NO_DATA = 0, 1, 2, 3
_EMPTY = {_NO_STANZA, _NO_BACKUP, _NO_DATA}


@dataclass(frozen=True)
class BackupSet:
    """One backup in the repository, with what it needs and what it takes there."""

    label: str
    type: str
    started: datetime
    stopped: datetime
    start_lsn: str
    stop_lsn: str
    first_wal: str
    last_wal: str
    database_bytes: int
    repository_bytes: int
    prior: str = ""
    page_errors: bool = False

    @property
    def timeline(self) -> int:
        """Return the timeline on which it ended."""
        return int(self.last_wal[:8], 16)

    @property
    def position(self) -> tuple[int, int]:
        """Return where it ended, for putting backups in order."""
        return self.timeline, lsn_number(self.stop_lsn)


def parse_info(text: str) -> tuple[BackupSet, ...]:
    """Return the backups of the only stanza; none if there is no stanza yet.

    Raises:
        ConfigError: the cipher pass does not open the repository.
        DatabaseError: the repository cannot be read.
    """
    try:
        # Not strict: what does not decrypt is quoted in the message, byte for byte.
        stanzas: list[dict[str, Any]] = json.loads(text, strict=False)  # Any: its own JSON
    except ValueError:
        raise _unreadable(text) from None
    if not stanzas:
        return ()
    status = stanzas[0]["status"]
    if status["code"] not in {_OK, *_EMPTY}:
        raise _unreadable("".join(one["status"]["message"] for one in stanzas[0]["repo"]))
    return tuple(_backup_set(one) for one in stanzas[0]["backup"])


def _backup_set(one: dict[str, Any]) -> BackupSet:  # Any: pgBackRest's own JSON
    times, wal, lsn, info = one["timestamp"], one["archive"], one["lsn"], one["info"]
    return BackupSet(
        label=one["label"],
        type=one["type"],
        started=datetime.fromtimestamp(times["start"], UTC),
        stopped=datetime.fromtimestamp(times["stop"], UTC),
        start_lsn=lsn["start"],
        stop_lsn=lsn["stop"],
        first_wal=wal["start"],
        last_wal=wal["stop"],
        database_bytes=info["size"],
        repository_bytes=info["repository"]["delta"],
        prior=one["prior"] or "",
        page_errors=bool(one["error"]),
    )


def _unreadable(message: str) -> ConfigError | DatabaseError:
    if "FormatError" in message or "CryptoError" in message:
        return ConfigError(
            "the cipher pass does not open this repository",
            hint="bring the one that the repository was made with: the escrow has it",
        )
    return DatabaseError(f"the repository cannot be read: {message.split(chr(10), 1)[0][:300]}")
