"""Which state a restore is to bring back, and from whose backups, as people say it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from backend.errors import UsageError


@dataclass(frozen=True)
class RestoreTarget:
    """The newest state that there is, that of a time, or the one of a name."""

    at: datetime | None = None
    name: str = ""

    @property
    def is_latest(self) -> bool:
        """Tell whether the newest state is meant."""
        return self.at is None and not self.name


@dataclass(frozen=True)
class BackupSource:
    """Whose backups are meant and what opens them, where this host has neither data nor keys."""

    cluster: str = ""
    escrow: Path | None = None
    pass_phrase: str = field(default="", repr=False)


LATEST = RestoreTarget()
THIS_HOST = BackupSource()


def parse_target(text: str) -> RestoreTarget:
    """Read a time with its zone, as in "2026-11-21 10:00:00+03", or else a name.

    Raises:
        UsageError: a time without a zone, which could mean two moments.
    """
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        return RestoreTarget(name=text.strip())
    if at.tzinfo is None:
        raise UsageError(f"{text!r} has no time zone", hint=f'say for example "{at}+03:00"')
    return RestoreTarget(at=at)
