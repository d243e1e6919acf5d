"""What a drill has found so far, and how long each of its stages took."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from backend.cli.progress import Watcher

_MOST_DIFFERENCES = 50


@dataclass
class DrillFindings:
    """Differences in words, what nobody could compare, and the seconds of each stage."""

    differences: list[str] = field(default_factory=list)
    omissions: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str, watcher: Watcher) -> Iterator[None]:
        """Take the time of a stage, however it ends."""
        watcher.stage(name)
        begun = time.monotonic()
        try:
            yield
        finally:
            self.seconds[name] = time.monotonic() - begun

    def shown(self) -> list[str]:
        """Return the first differences, and how many more there are."""
        left_out = len(self.differences) - _MOST_DIFFERENCES
        more = [f"{left_out} more"] if left_out > 0 else []
        return [*self.differences[:_MOST_DIFFERENCES], *more]

    def took(self) -> dict[str, float]:
        """Return the seconds of each stage as facts."""
        return {f"{name}_seconds": round(took, 1) for name, took in self.seconds.items()}
