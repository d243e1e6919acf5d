"""Put one release into the idle colour and in front of the users; undo that if a step fails."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from enum import IntEnum
from typing import Any

from deploy.rollout.differences import Difference
from deploy.rollout.errors import FlippedBackError, RolloutError, UndoError
from deploy.rollout.history import Record, begin, rolled_back
from deploy.rollout.images import Release
from deploy.rollout.inspect import StackState
from deploy.rollout.migration import migrate_with
from deploy.rollout.route import Color, Route
from deploy.rollout.smoke import smoke_test
from deploy.rollout.toolbox import Toolbox
from deploy.rollout.waits import wait_drained, wait_for_proxy, wait_ready, wait_until
from deploy.rollout.watch import Watch

# Within this time after a flip the new release answers users.
FLIP_SECONDS = 5.0


@dataclass(frozen=True)
class RolloutResult:
    """How a successful rollout ended."""

    result: str
    live: str
    version: str
    previous: str
    drain_seconds: float = 0.0
    left_behind: int = 0
    # Servers that were not touched though the compose files describe them otherwise now.
    left_alone: tuple[Difference, ...] = ()

    @property
    def sentence(self) -> str:
        """Return one line for people."""
        return f"{self.result}: {self.live} serves {self.version} (before: {self.previous})"

    def as_dict(self) -> dict[str, Any]:
        """Return the result for machines."""
        return asdict(self)


class Reached(IntEnum):
    """How far a swap has come: what there is to undo."""

    NOTHING = 0
    MIGRATION = 1
    IDLE_COLOR = 2
    FLIP = 3


@dataclass
class Swap:
    """One release on its way to the users."""

    tools: Toolbox
    state: StackState
    release: Release
    kind: str
    reached: Reached = Reached.NOTHING
    drain_seconds: float = 0.0
    left_behind: int = 0
    record: Record = field(init=False)

    def __post_init__(self) -> None:
        self.record = begin(
            self.kind,
            version=self.release.version,
            color=self.state.idle,
            previous=self.state.live.version,
        )

    def run(self) -> None:
        """Swap; on failure put everything back and raise."""
        self._write("started")
        # What changes from here on is put back if a step fails.
        try:
            self._migrate()
            self._start()
            self._test()
            self._flip()
        except (RolloutError, KeyboardInterrupt) as error:
            self._undo(error)
            raise
        if self.kind == "deploy":
            # What was rolled back is known to be bad: it never takes over by itself.
            approve_standby(self.tools, self.state.idle)
        self._write("finished")

    @property
    def result(self) -> RolloutResult:
        """Sum up a swap that ran to its end."""
        return RolloutResult(
            result="deployed" if self.kind == "deploy" else "rolled back",
            live=self.state.idle,
            version=self.release.version,
            previous=self.state.live.version,
            drain_seconds=round(self.drain_seconds, 2),
            left_behind=self.left_behind,
            left_alone=self.state.left_alone,
        )

    def _migrate(self) -> None:
        with self.tools.progress.step("migrate", f"expand the schema for {self.release.version}"):
            self.reached = Reached.MIGRATION
            migrate_with(self.tools, self.release.image)

    def _start(self) -> None:
        tools, idle = self.tools, self.state.idle
        with tools.progress.step("isolate", f"no fail-over to {idle} while it is replaced") as step:
            self.reached = Reached.IDLE_COLOR
            tools.proxy.set_route(Route(self.state.route.live))
            step.detail = f"{wait_drained(tools, idle)} requests left in {idle}"
        password = "" if tools.stack.external else ", fresh password"
        with tools.progress.step("start", f"{idle} with {self.release.version}{password}"):
            if not tools.stack.external:
                tools.colors.refresh_password(idle)
            tools.images.move(tools.stack.image_of(idle), self.release.image)
            tools.colors.start(idle)

    def _test(self) -> None:
        tools, idle = self.tools, self.state.idle
        doing = f"wait until {idle} is live, ready and the right release"
        with tools.progress.step("ready", doing):
            wait_ready(tools, idle, self.release.version)
            wait_for_proxy(tools, idle)
        with tools.progress.step("smoke", f"ask {idle} for real pages") as step:
            step.detail = smoke_test(tools.colors, idle)

    def _flip(self) -> None:
        tools, idle = self.tools, self.state.idle
        watch = Watch(tools, new=idle)
        with tools.progress.step("flip", f"{idle} serves") as step:
            self.reached = Reached.FLIP
            flip(tools, Route(idle), self.release.version, self.record.now("flipped"))
            step.detail = f"{idle} serves {self.release.version}"
        with tools.progress.step("watch", "look for errors, count the old colour down") as step:
            watch.run()
            step.detail = watch.summary
        with tools.progress.step("drain", f"requests in {idle.other}") as step:
            self.left_behind = watch.finish_draining()
            self.drain_seconds = watch.drain_seconds
            step.detail = f"{idle.other} was empty {watch.drain_seconds:.1f} s after the flip"
            if self.left_behind:
                step.detail = f"{self.left_behind} requests still run in {idle.other}; they may end"

    def _undo(self, error: BaseException) -> None:
        cause = error.cause if isinstance(error, RolloutError) else "interrupted"
        event = "flipped back" if self.reached is Reached.FLIP else "refused"
        step = self.tools.progress.step("undo", f"back to {self.state.live.version}")
        with undoing(error), step:
            put_back(self.tools, self.state, self.reached)
        self._write(event, cause=cause)

    def _write(self, event: str, *, cause: str = "") -> None:
        record = self.record.now(event, cause=cause, seconds=self.tools.progress.seconds)
        self.tools.proxy.record(record.as_dict())


def flip(tools: Toolbox, route: Route, version: str, record: Record) -> None:
    """Change the live colour, and see who answers now."""
    tools.proxy.set_route(route, record.as_dict())
    begun = time.monotonic()
    if not wait_until(lambda: tools.proxy.who_answers().get("version") == version, FLIP_SECONDS):
        raise FlippedBackError(
            f"{time.monotonic() - begun:.0f} s after the flip {version} does not answer",
            evidence=tools.colors.log_tail(route.live.service),
        )


def approve_standby(tools: Toolbox, live: Color) -> None:
    """Let the other colour take over if the live one dies, provided that it is ready."""
    with tools.progress.step("standby", f"may {live.other} take over?") as step:
        answer = tools.colors.ask(live.other, "/api/ready")
        if answer.ok:
            tools.proxy.set_route(Route(live, has_spare=True))
        said = "may take over" if answer.ok else f"may not take over: {answer.reason}"
        step.detail = f"{live.other} {answer.version} {said}".replace("  ", " ")


@contextmanager
def undoing(error: BaseException) -> Iterator[None]:
    """Undo in the block what failed with an error; if that fails too, name both.

    Raises:
        UndoError: the block failed.
    """
    try:
        yield
    except RolloutError as another:
        failed = str(error) or "interrupted"
        raise UndoError(
            f"{failed}; and undoing it failed: {another}", evidence=another.evidence
        ) from error


def put_back(tools: Toolbox, state: StackState, reached: Reached) -> None:
    """Undo a swap up to the stage that it reached; the old colour has never stopped."""
    if reached >= Reached.FLIP:
        tools.proxy.set_route(Route(state.route.live))
        wait_drained(tools, state.idle)
    if reached >= Reached.MIGRATION:
        # Run it too: a container that does not fit its tag would be replaced by the next
        # plain `up`, and with it everything that depends on it, the live colour included.
        migrate_with(tools, state.migrate_image)
    # What an interrupted rollout left in the idle colour goes too, however early this one failed.
    if reached >= Reached.IDLE_COLOR or state.interrupted:
        tools.images.move(tools.stack.image_of(state.idle), state.idle_image)
        tools.colors.start(state.idle)
        _restore_standby(tools, state)


def _restore_standby(tools: Toolbox, state: StackState) -> None:
    """Let the old release stand by again; if it is not ready, the live colour serves alone."""
    version = tools.images.version_of(state.idle_image)
    try:
        wait_ready(tools, state.idle, version)
        wait_for_proxy(tools, state.idle)
    except RolloutError as error:
        tools.progress.note(f"no standby: {error}")
        return
    if version not in rolled_back(state.history):
        tools.proxy.set_route(Route(state.route.live, has_spare=True))
