"""Look at the stack before anything is changed, and put right what would make a rollout unsafe."""

from dataclasses import dataclass

from deploy.rollout.containers import Container, containers_by_service
from deploy.rollout.database import refuse_other_database
from deploy.rollout.differences import Difference, find_differences
from deploy.rollout.errors import StackUnavailableError
from deploy.rollout.history import Record, begin, good_releases, unfinished
from deploy.rollout.images import Release
from deploy.rollout.proxy import SERVICE as PROXY
from deploy.rollout.route import Color, Route
from deploy.rollout.toolbox import Toolbox


@dataclass(frozen=True)
class Scene:
    """The stack as a rollout finds it."""

    route: Route
    live: Release
    live_is_ready: bool
    # A rollout that began and never came to an end.
    leftover: Record | None
    history: tuple[Record, ...]
    # What to go back to: the images that the tags of migration and idle colour name.
    migrate_image: str
    idle_image: str
    # Servers that are left as they are, though they are described otherwise by now.
    left_alone: tuple[Difference, ...] = ()

    @property
    def idle(self) -> Color:
        """Return the colour that may be replaced."""
        return self.route.idle

    @property
    def leftover_is_live(self) -> bool:
        """Say whether the interrupted rollout got as far as its flip."""
        return self.leftover is not None and self.leftover.color == self.route.live


def survey(tools: Toolbox) -> Scene:
    """Find out what is live, what is idle, and what an interrupted rollout left behind."""
    containers = _running_stack(tools)
    route = _agreed_route(tools)
    history = tools.history()
    leftover = unfinished(history)
    answer = tools.colors.ask(route.live, "/api/ready")
    live = _live_release(tools, containers, route.live, answer.version)
    if answer.ok and not leftover and live.version not in good_releases(history):
        history.append(_adopt(tools, route.live, live.version))

    def image_to_go_back_to(tag: str) -> str:
        # After an interrupted rollout the tags may name a release that nobody has tried.
        return live.image if leftover else tools.images.id_of(tag) or live.image

    return Scene(
        route=route,
        live=live,
        live_is_ready=answer.ok,
        leftover=leftover,
        history=tuple(history),
        migrate_image=image_to_go_back_to(tools.stack.migrate_image),
        idle_image=image_to_go_back_to(tools.stack.image_of(route.idle)),
        left_alone=_left_alone(tools, containers, route.idle),
    )


def _left_alone(
    tools: Toolbox, containers: dict[str, Container], idle: Color
) -> tuple[Difference, ...]:
    """Tell which servers a rollout will not touch, whatever the compose files say by now."""
    found = find_differences(tools, containers)
    left_alone = tuple(one for one in found if one.service != idle.service)
    for difference in left_alone:
        tools.story.say(difference.sentence)
    return left_alone


def _adopt(tools: Toolbox, color: Color, version: str) -> Record:
    """Note a release that came with `up` and serves well: a rollback may return to it."""
    record = begin("up", version=version, color=color, previous=version).now("adopted")
    tools.proxy.record(record.as_dict())
    return record


def _running_stack(tools: Toolbox) -> dict[str, Container]:
    containers = containers_by_service(tools.runner, tools.stack.project)
    if not containers:
        raise StackUnavailableError(
            f"the stack {tools.stack.project} is not up: it has no containers",
            hint=f"start it first: {tools.settings.compose} up -d",
        )
    if PROXY not in containers or not containers[PROXY].is_running:
        raise StackUnavailableError(
            f"the proxy of {tools.stack.project} does not run",
            hint=f"start it first: {tools.settings.compose} up -d {PROXY}",
        )
    refuse_other_database(tools.stack, containers)
    return containers


def _agreed_route(tools: Toolbox) -> Route:
    """Make disk and process agree, and the colour that really serves the live one."""
    state = tools.proxy.read()
    route = state.on_disk
    if state.in_process != route:
        tools.proxy.set_route(route)
    dead = not state.counters.health(route.live).startswith("UP")
    if dead and route.has_spare and state.counters.health(route.idle).startswith("UP"):
        # The standby serves: it must not be the one that this rollout replaces.
        route = Route(route.idle)
        tools.proxy.set_route(route)
        tools.story.say(
            f"{route.idle} is down and {route.live} took over: {route.live} is live now"
        )
    return route


def _live_release(
    tools: Toolbox, containers: dict[str, Container], live: Color, says: str
) -> Release:
    """Name the live release, by what it says or else by its image, and give it a tag to keep."""
    container = containers.get(live.service)
    image = container.image_id if container else tools.stack.image_of(live)
    if not says:
        return tools.images.adopt(image)
    tools.images.move(tools.stack.release(says), image)
    return Release(says, tools.stack.release(says))
