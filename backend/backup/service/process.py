"""The service as a process: how it logs, waits when there is nothing to do, and ends."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable

from backend.backup.health_check import HEALTH_FILE, standing_alarms
from backend.errors import ExitCode
from backend.logs import JsonFormatter

log = logging.getLogger(__name__)

_IDLE_SECONDS = 3600.0


def serve(work: Callable[[], None]) -> int:
    """Work until interrupted, and return the exit code of that."""
    _log_json()
    try:
        work()
    except KeyboardInterrupt:
        log.info("backups end: told to")
    return ExitCode.DONE


def show_health(now: float) -> int:
    """Say what stands against the backups, and return the exit code of the health check."""
    found = standing_alarms(HEALTH_FILE, now)
    sys.stdout.writelines(f"{line}\n" for line in found)
    return ExitCode.FOUND_WANTING if found else ExitCode.DONE


def idle(why: str) -> None:
    """Say once why nothing is done, and do nothing until interrupted."""
    log.warning(why)
    while True:
        time.sleep(_IDLE_SECONDS)


def _log_json() -> None:
    """Log one JSON document a line, for whoever reads the container's log."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
