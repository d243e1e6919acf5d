"""Waiting for something by asking again and again: no test sleeps for a fixed time."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

# Many times what anything takes here, so that a busy machine fails no test.
PATIENCE = 180.0


def wait_for(
    condition: Callable[[], T | None], what: str, *, seconds: float = PATIENCE, every: float = 0.02
) -> T:
    """Return the first answer that is true; fail after so many seconds, saying what was waited for."""
    until = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < until, f"waited {seconds:.0f} s for {what}"
        time.sleep(every)
    return found
