"""Read the state of the stack, for a rollout and for `status`; nothing is changed here."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from deploy.rollout.advice import advise
from deploy.rollout.colors import HealthAnswer
from deploy.rollout.containers import Container, containers_by_service
from deploy.rollout.differences import Difference, find_differences, refuse_other_database
from deploy.rollout.errors import RolloutError, StackUnavailableError
from deploy.rollout.history import Record, good_releases, parse_history, unfinished
from deploy.rollout.images import Release
from deploy.rollout.lock import lock_holder
from deploy.rollout.proxy import SERVICE as PROXY
from deploy.rollout.proxy import ProxyState
from deploy.rollout.route import Color, Route
from deploy.rollout.stack import DRILL_CHECK
from deploy.rollout.status import ColorStatus, StatusReport
from deploy.rollout.toolbox import Toolbox
from deploy.rollout.waits import wait_until

# How late the answer of a live release may be: taken for broken, nothing ever goes back to it.
_LATE_SECONDS = 10.0


@dataclass(frozen=True)
class StackState:
    """The stack as a rollout finds it."""

    # Where users are served from; the proxy's own route until that is reconciled.
    route: Route
    proxy: ProxyState
    live: Release
    # What the live colour's container was made of, or would be.
    live_image: str
    live_is_ready: bool
    # A rollout that began and never came to an end.
    interrupted: Record | None
    history: tuple[Record, ...]
    # What to go back to: the images that the tags of migration and idle colour name.
    migrate_image: str
    idle_image: str
    # Servers that are left as they are, though the compose files describe them otherwise now.
    left_alone: tuple[Difference, ...] = ()

    @property
    def idle(self) -> Color:
        """Return the colour that may be replaced."""
        return self.route.idle

    @property
    def interrupted_is_live(self) -> bool:
        """Say whether the interrupted rollout got as far as its flip."""
        return self.interrupted is not None and self.interrupted.color == self.route.live

    @property
    def is_unrecorded(self) -> bool:
        """Say whether the live release serves well, but came with `up`: no rollout recorded it."""
        known = self.interrupted or self.live.version in good_releases(self.history)
        return self.live_is_ready and not known


def inspect_stack(tools: Toolbox) -> StackState:
    """Find out what is live, what is idle, and what an interrupted rollout left behind."""
    containers = _stack_containers(tools)
    if PROXY not in containers or not containers[PROXY].is_running:
        raise StackUnavailableError(
            f"the proxy of {tools.stack.project} does not run",
            hint=f"start it first: {tools.compose.command_line} up -d {PROXY}",
        )
    proxy = tools.proxy.read()
    route = _serving_route(proxy)
    history = tools.history()
    interrupted = unfinished(history)
    answer = _ask_live(tools, route.live, containers)
    image = _image_of(tools, containers, route.live)
    live = _release(tools, image, answer.version)

    def image_to_go_back_to(tag: str) -> str:
        # After an interrupted rollout the tags may name a release that nobody has tried.
        return live.image if interrupted else tools.images.id_of(tag) or live.image

    return StackState(
        route=route,
        proxy=proxy,
        live=live,
        live_image=image,
        live_is_ready=answer.ok,
        interrupted=interrupted,
        history=tuple(history),
        migrate_image=image_to_go_back_to(tools.stack.migrate_image),
        idle_image=image_to_go_back_to(tools.stack.image_of(route.idle)),
        left_alone=tuple(
            difference
            for difference in find_differences(tools, containers)
            if difference.service not in {route.idle.service, DRILL_CHECK}
        ),
    )


def _stack_containers(tools: Toolbox) -> dict[str, Container]:
    containers = containers_by_service(tools.runner, tools.stack.project)
    if not containers:
        raise StackUnavailableError(
            f"the stack {tools.stack.project} is not up: it has no containers",
            hint=f"start it first: {tools.compose.command_line} up -d",
        )
    refuse_other_database(tools.stack, containers)
    return containers


def _serving_route(proxy: ProxyState) -> Route:
    """Return the route on disk, or the one to the standby if that has taken over."""
    route, counters = proxy.on_disk, proxy.counters
    dead = not counters.health(route.live).startswith("UP")
    if dead and route.has_spare and counters.health(route.idle).startswith("UP"):
        # The standby serves: it must not be the one that this rollout replaces.
        return Route(route.idle)
    return route


def _ask_live(tools: Toolbox, color: Color, containers: Mapping[str, Container]) -> HealthAnswer:
    """Ask whether the live release is ready, and again where a busy host gives no answer."""
    answer = HealthAnswer(ok=False)

    def has_answered() -> bool:
        nonlocal answer
        answer = tools.colors.ask(color, "/api/ready")
        container = containers.get(color.service)
        return bool(answer.body) or container is None or not container.is_running

    wait_until(has_answered, _LATE_SECONDS)
    return answer


def _image_of(tools: Toolbox, containers: Mapping[str, Container], color: Color) -> str:
    container = containers.get(color.service)
    return container.image_id if container else tools.stack.image_of(color)


def _release(tools: Toolbox, image: str, reported_version: str) -> Release:
    """Name a release by the version that it reports, or else by that of its image."""
    version = reported_version or tools.images.version_of(image)
    return Release(version, tools.stack.release(version))


def read_status(tools: Toolbox) -> StatusReport:
    """Report on the stack; what does not answer is part of the report."""
    containers = _stack_containers(tools)
    proxy, history = _read_proxy(tools, containers.get(PROXY))
    lock = lock_holder(tools.runner, tools.stack)
    status = StatusReport(
        stack=tools.stack.project,
        address=tools.stack.address,
        route=proxy.on_disk.backend if proxy else "unknown",
        route_in_process=proxy.in_process.backend if proxy and proxy.in_process else "down",
        colors=[_read_color(tools, color, containers.get(color.service), proxy) for color in Color],
        services={name: container.summary for name, container in sorted(containers.items())},
        disk_free=proxy.disk_free if proxy else 0,
        disk_size=proxy.disk_size if proxy else 0,
        lock=lock,
        interrupted=None if lock else unfinished(history),
        history=history[-12:],
        external_database=tools.stack.external,
        differences=find_differences(tools, containers),
    )
    return replace(status, advice=advise(status))


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
    answer = tools.colors.ask(color, "/api/ready") if running else HealthAnswer(ok=False)
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
