"""Wait for a state of the stack by polling, each with a time limit."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from deploy.rollout.colors import HealthAnswer
from deploy.rollout.containers import Container
from deploy.rollout.errors import CrashedError, NotReadyError, WrongSchemaError
from deploy.rollout.route import Color
from deploy.rollout.toolbox import Toolbox

INTERVAL = 0.3
# The proxy learns of a new container's address within this time, and that it is well.
REACHED_SECONDS = 30.0


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Poll until the condition holds or the time is over; say whether it held."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(INTERVAL)
    return True


def wait_ready(tools: Toolbox, color: Color, version: str) -> HealthAnswer:
    """Wait until a colour is live, ready, and the release it should be."""
    answer = HealthAnswer(ok=False)

    def is_ready() -> bool:
        nonlocal answer
        container = tools.colors.container(color)
        answer = tools.colors.ask(color, "/api/ready")
        _refuse_hopeless(tools, color, container, answer)
        return answer.ok

    if not wait_until(is_ready, tools.settings.ready_seconds):
        container = tools.colors.container(color)
        if container and container.restarts:
            raise _crashed(tools, color, container)
        raise NotReadyError(
            f"{color} was not ready after {tools.settings.ready_seconds:.0f} s: {answer.reason}",
            evidence=tools.colors.log_tail(color.service),
        )
    if answer.version != version:
        raise NotReadyError(f"{color} says that it is {answer.version}, expected {version}")
    return answer


def _refuse_hopeless(
    tools: Toolbox, color: Color, container: Container | None, answer: HealthAnswer
) -> None:
    """Fail at once where more time would change nothing."""
    if container is None or container.looks_crashed:
        raise _crashed(tools, color, container)
    if answer.schema in {"behind", "contracted"}:
        raise WrongSchemaError(
            f"{color} cannot work with the schema that its own migration left: {answer.reason}",
            hint="its migrations do not match its code: NEEDS_EXPAND, TOLERATES_CONTRACT",
        )


def _crashed(tools: Toolbox, color: Color, container: Container | None) -> CrashedError:
    code = container.exit_code if container else "unknown"
    return CrashedError(
        f"{color} does not stay up: exit code {code}",
        evidence=tools.colors.log_tail(color.service),
    )


@dataclass
class ReachableCheck:
    """Whether the proxy knows the colour's new container and its checks succeed."""

    tools: Toolbox
    color: Color
    seen: int = 0

    def __call__(self) -> bool:
        """Read the proxy once; True at the second good reading in a row."""
        counters = self.tools.proxy.read().counters
        container = self.tools.colors.container(self.color)
        known = any(
            counters.knows(self.color, address)
            for address in (container.addresses.values() if container else ())
        )
        good = known and counters.health(self.color) == "UP"
        self.seen = self.seen + 1 if good else 0
        return self.seen >= 2


def wait_for_proxy(tools: Toolbox, color: Color) -> None:
    """Wait until the proxy reaches the new container: it asks the name server each second."""
    if not wait_until(ReachableCheck(tools, color), REACHED_SECONDS):
        health = tools.proxy.read().counters.health(color)
        raise NotReadyError(f"the proxy does not reach {color}: its check says {health}")


def wait_drained(tools: Toolbox, color: Color) -> int:
    """Wait until no request is left in a colour; return how many were left at the limit."""
    left = 0
    quiet = 0

    def is_quiet() -> bool:
        nonlocal left, quiet
        left = tools.proxy.read().counters.in_flight(color)
        quiet = quiet + 1 if left == 0 else 0
        return quiet >= 2

    wait_until(is_quiet, tools.settings.drain_seconds)
    return left
