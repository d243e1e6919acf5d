"""How the services of the backups log, and how they wait when there is nothing to do."""

from __future__ import annotations

import logging
import sys
import time

from backend.logs import JsonFormatter

log = logging.getLogger(__name__)

_IDLE_SECONDS = 3600.0


def log_json() -> None:
    """Log one JSON document a line, for whoever reads the container's log."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)


def idle(why: str) -> None:
    """Say once why nothing is done, and do nothing until interrupted."""
    log.warning(why)
    while True:
        time.sleep(_IDLE_SECONDS)
