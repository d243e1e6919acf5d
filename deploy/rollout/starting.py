"""Start a service anew through Compose; what it depends on is started, but never replaced."""

import time

from deploy.rollout.commands import Compose
from deploy.rollout.runner import Result, Runner

ATTEMPTS = 5
PAUSE = 5.0
# What Compose says when it gave up on a dependency that may be well again a second later.
_UNWELL = "is unhealthy"


def start_anew(compose: Compose, runner: Runner, service: str, *others: str) -> Result:
    """Replace a service's container, and those of others; return what Compose said last.

    A database or a proxy that Compose finds changed stays as it is: what is removed here is all
    that is made. A database that is unwell for a moment is waited for.
    """
    removed = runner.run(compose.remove(service, *others), timeout=600)
    if not removed.ok:
        return removed
    for _ in range(ATTEMPTS - 1):
        result = runner.run(compose.up(service), timeout=600)
        if result.ok or _UNWELL not in result.err:
            return result
        time.sleep(PAUSE)
    return runner.run(compose.up(service), timeout=600)
