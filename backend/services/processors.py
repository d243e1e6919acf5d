"""How many processors this process may use."""

from __future__ import annotations

import os
from pathlib import Path

_CONTROL_GROUPS = Path("/sys/fs/cgroup")


def processors(control_groups: Path = _CONTROL_GROUPS) -> float:
    """Return how many processors may be used: a limit on the container counts, if there is one."""
    if hasattr(os, "sched_getaffinity"):
        usable = len(os.sched_getaffinity(0))
    else:
        usable = os.cpu_count() or 1
    return min(float(usable), _limit(control_groups))


def _limit(groups: Path) -> float:
    """Read the limit that the kernel holds: in one file of version 2, in two of version 1."""
    old = [groups / "cpu" / f"cpu.cfs_{word}_us" for word in ("quota", "period")]
    for files in ([groups / "cpu.max"], old):
        try:
            quota, period = map(int, " ".join(file.read_text() for file in files).split())
        except (OSError, ValueError):
            # Not this version, or "max".
            continue
        if quota > 0 and period > 0:
            return quota / period
    return float("inf")
