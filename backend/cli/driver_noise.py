"""What is still reported after an error has been told, and is no news: kept from the terminal.

Where a connection is lost, everything that was open on it fails once more while it is closed; the
driver says so in its own words, and Python does of what a generator could not finish.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

_DRIVERS = ("psycopg", "apsw", "sqlite3")


@contextmanager
def without_noise() -> Iterator[None]:
    """Let nothing but our own sentences reach the terminal while the block runs."""
    driver, before = logging.getLogger("psycopg"), sys.unraisablehook
    level, raising = driver.level, logging.raiseExceptions

    def hook(unraisable: UnraisableHookArgs) -> None:
        if unraisable.exc_type.__module__.partition(".")[0] not in _DRIVERS:
            before(unraisable)

    driver.setLevel(logging.ERROR)
    # A log that cannot be written is told once, by whoever keeps it.
    logging.raiseExceptions = False
    sys.unraisablehook = hook
    try:
        yield
    finally:
        driver.setLevel(level)
        logging.raiseExceptions = raising
        sys.unraisablehook = before
