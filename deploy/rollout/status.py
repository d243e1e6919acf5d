"""`status`: look at everything, whatever of it still answers, and touch nothing."""

from dataclasses import dataclass, field, replace
from typing import Any

from deploy.rollout.advice import Advice, advise
from deploy.rollout.colors import Answer
from deploy.rollout.containers import Container, containers_by_service
from deploy.rollout.database import refuse_other_database
from deploy.rollout.differences import Difference, find_differences
from deploy.rollout.errors import RolloutError, StackUnavailableError
from deploy.rollout.history import Record, parse_history, unfinished
from deploy.rollout.lock import who_holds
from deploy.rollout.proxy import SERVICE as PROXY
from deploy.rollout.proxy import ProxyState
from deploy.rollout.route import Color
from deploy.rollout.toolbox import Toolbox


@dataclass(frozen=True)
class ColorStatus:
    """One colour, as far as it could be seen."""

    color: Color
    role: str
    state: str
    version: str
    ready: bool
    reason: str
    schema: dict[str, Any]
    proxy_check: str
    in_flight: int
    restarts: int
    exit_code: int
    started: str


@dataclass(frozen=True)
class Status:
    """The stack at one moment."""

    stack: str
    address: str
    route: str
    route_in_process: str
    colors: list[ColorStatus]
    services: dict[str, str]
    disk_free: int
    disk_size: int
    lock: str
    interrupted: Record | None
    history: list[Record]
    external_database: bool = False
    # Servers that are described otherwise by now: nothing is wrong with them.
    differences: tuple[Difference, ...] = ()
    advice: Advice = field(default_factory=Advice)


def read_status(tools: Toolbox) -> Status:
    """Look at the stack; what does not answer is part of the answer."""
    containers = containers_by_service(tools.runner, tools.stack.project)
    if not containers:
        raise StackUnavailableError(
            f"the stack {tools.stack.project} is not up: it has no containers",
            hint=f"start it: {tools.settings.compose} up -d",
        )
    refuse_other_database(tools.stack, containers)
    proxy, history = _read_proxy(tools, containers.get(PROXY))
    lock = who_holds(tools.runner, tools.stack)
    status = Status(
        stack=tools.stack.project,
        address=tools.stack.address,
        route=proxy.on_disk.backend if proxy else "unknown",
        route_in_process=proxy.in_process.backend if proxy and proxy.in_process else "down",
        colors=[_read_color(tools, color, containers.get(color.service), proxy) for color in Color],
        services={name: _describe(container) for name, container in sorted(containers.items())},
        disk_free=proxy.disk_free if proxy else 0,
        disk_size=proxy.disk_size if proxy else 0,
        lock=lock,
        interrupted=None if lock else unfinished(history),
        history=history[-12:],
        external_database=tools.stack.external,
        differences=find_differences(tools, containers),
    )
    return _with_advice(status)


def _read_proxy(
    tools: Toolbox, container: Container | None
) -> tuple[ProxyState | None, list[Record]]:
    """Read route and history through the proxy, or beside it if it is down."""
    running = container is not None and container.is_running
    proxy = tools.proxy
    try:
        state = proxy.read() if running else proxy.read_stopped()
        text = proxy.history() if running else proxy.history_stopped()
    except RolloutError:
        return None, []
    return state, parse_history(text)


def _read_color(
    tools: Toolbox, color: Color, container: Container | None, proxy: ProxyState | None
) -> ColorStatus:
    running = container is not None and container.is_running
    answer = tools.colors.ask(color, "/api/ready") if running else Answer(ok=False)
    reason = answer.reason if running else "its container does not run"
    return ColorStatus(
        color=color,
        role=_role(color, proxy),
        state=container.state if container else "no container",
        version=answer.version or _version_by_tag(tools, container),
        ready=answer.ok,
        reason="" if answer.ok else reason,
        schema=answer.body.get("schema") or {},
        proxy_check=proxy.counters.health(color) if proxy else "unknown",
        in_flight=proxy.counters.in_flight(color) if proxy else 0,
        restarts=container.restarts if container else 0,
        exit_code=container.exit_code if container else 0,
        started=container.started if container else "",
    )


def _role(color: Color, proxy: ProxyState | None) -> str:
    if proxy is None:
        return "unknown"
    if color is proxy.on_disk.live:
        return "live"
    return "standby" if proxy.on_disk.has_spare else "idle"


def _version_by_tag(tools: Toolbox, container: Container | None) -> str:
    """Name the release of a container that does not answer, by the tags of its image."""
    if container is None:
        return ""
    names = [tag for tag, image in tools.images.tags().items() if image == container.image_id]
    versions = [name for name in names if name not in {"blue", "green", "migrate"}]
    return next(iter(versions or names), "")


def _describe(container: Container) -> str:
    if container.state == "exited":
        return f"exited {container.exit_code}"
    if container.state == "running" and container.health:
        return container.health
    return container.state


def _with_advice(status: Status) -> Status:
    return replace(status, advice=advise(status))
