"""How long it takes from a stopped database to one that serves what a backup holds."""

import json
import time
from dataclasses import dataclass
from typing import Any

from tests.system.stack import Stack


@dataclass(frozen=True)
class RecoveryFigures:
    """The command, and all of it with the `up` after it, until a request is answered."""

    command_seconds: float
    whole_seconds: float
    rows: int


def measure_recovery(stack: Stack, backup: str) -> RecoveryFigures:
    """Restore a backup with its comparison, and serve again."""
    stack.compose("stop", "db")
    begun = time.monotonic()
    ran = stack.compose("run", "--rm", "restore", "--to", backup, "--yes", "--json", timeout=3600)
    restored = time.monotonic()
    stack.up()
    answer: dict[str, Any] = json.loads(ran.stdout)
    figures = RecoveryFigures(restored - begun, time.monotonic() - begun, answer["rows"])
    stack.compose("run", "--rm", "--no-deps", "restore", "--forget-old")
    return figures
