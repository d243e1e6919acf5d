"""Keep the drivers' own reports off the terminal: a command reports each error itself, once.

Where a connection is lost, everything that was open on it fails once more while it is closed. The
driver reports that in its own words, and Python what a generator could not finish.
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
    """Silence the drivers while the block runs; other unraisable errors are reported as before."""
    driver, before = logging.getLogger("psycopg"), sys.unraisablehook
    level, raising = driver.level, logging.raiseExceptions

    def hook(unraisable: UnraisableHookArgs) -> None:
        if unraisable.exc_type.__module__.partition(".")[0] not in _DRIVERS:
            before(unraisable)

    driver.setLevel(logging.ERROR)
    # A log that cannot be written is reported once, by whoever keeps it.
    logging.raiseExceptions = False
    sys.unraisablehook = hook
    try:
        yield
    finally:
        driver.setLevel(level)
        logging.raiseExceptions = raising
        sys.unraisablehook = before
