"""What the service keeps for its health check, which reads it without importing anything."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from backend.backup.health_check import PROOF_LASTS_SECONDS
from backend.db import private_files

PROOF_LASTS = timedelta(seconds=PROOF_LASTS_SECONDS)


def alarm_name(alarm: str) -> str:
    """Return by what an alarm is known: what stands behind it, a count, may change each time."""
    return alarm.partition(": ")[0]


def write_health(path: Path, found: Sequence[str], now: datetime) -> None:
    """Keep what the health check will say, and of when it is."""
    lines = [str(now.timestamp()), *(" ".join(one.split()) for one in found)]
    private_files.replace(path, "\n".join(lines))
