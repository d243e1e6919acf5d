"""Start a service through Compose, with patience for a database that is unwell for a moment."""

import time

from deploy.rollout.commands import Compose
from deploy.rollout.runner import Result, Runner

ATTEMPTS = 5
PAUSE = 5.0
# What Compose says when it gave up on a dependency that may be well again a second later.
_UNWELL = "is unhealthy"


def start_service(compose: Compose, runner: Runner, service: str, *, anew: bool = False) -> Result:
    """Start a service and what it depends on; return what Compose said last."""
    for _ in range(ATTEMPTS - 1):
        result = runner.run(compose.up(service, anew=anew), timeout=600)
        if result.ok or _UNWELL not in result.err:
            return result
        time.sleep(PAUSE)
    return runner.run(compose.up(service, anew=anew), timeout=600)
