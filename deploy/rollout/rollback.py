"""`rollback`: return to the release before, by the fastest way that is safe."""

from deploy.rollout.colors import HealthAnswer
from deploy.rollout.drill_check import renew_drill_check
from deploy.rollout.errors import RolloutError, UnsafeError
from deploy.rollout.history import begin, good_releases
from deploy.rollout.images import Release
from deploy.rollout.inspect import StackState, inspect_stack
from deploy.rollout.lock import hold_lock
from deploy.rollout.migration import migrate_with
from deploy.rollout.reconcile import close_interrupted, reconcile
from deploy.rollout.route import Route
from deploy.rollout.swap import (
    Reached,
    RolloutResult,
    Swap,
    approve_standby,
    flip,
    put_back,
    undoing,
)
from deploy.rollout.toolbox import Toolbox
from deploy.rollout.waits import wait_for_proxy, wait_ready


def roll_back(tools: Toolbox) -> RolloutResult:
    """Undo an interrupted rollout, or flip to the warm standby, or deploy the last good release."""
    with hold_lock(tools.runner, tools.stack, "rollback"):
        with tools.progress.step("check", "what there is to go back to") as step:
            state = inspect_stack(tools)
            # Nothing has changed yet. From here on we change things.
            state = reconcile(tools, state)
            step.detail = f"{state.route.live} is live with {state.live.version}"
        if state.interrupted and not state.interrupted_is_live and state.live_is_ready:
            return _undo_interrupted(tools, state)
        close_interrupted(tools, state)
        standby = tools.colors.ask(state.idle, "/api/ready")
        _refuse_contracted(standby)
        if _may_serve(state, standby):
            result = _flip_to_standby(tools, state, standby.version)
        else:
            result = _redeploy(tools, state)
        renew_drill_check(tools, result.version)
    return result


def _may_serve(state: StackState, standby: HealthAnswer) -> bool:
    """Say whether the idle colour holds another release that is ready and known to be good."""
    other = standby.version != state.live.version
    return standby.ok and other and standby.version in good_releases(state.history)


def _refuse_contracted(standby: HealthAnswer) -> None:
    """Refuse to go back to a release that a contract migration has left behind."""
    if standby.schema == "contracted":
        raise UnsafeError(
            f"{standby.version} cannot work any more: {standby.reason}",
            hint="a contract migration took away what it needs: go forward, with a new release",
        )


def _undo_interrupted(tools: Toolbox, state: StackState) -> RolloutResult:
    with tools.progress.step("undo", "what the interrupted rollout left in the idle colour"):
        put_back(tools, state, Reached.IDLE_COLOR)
    close_interrupted(tools, state)
    return RolloutResult("undone", state.route.live, state.live.version, state.live.version)


def _flip_to_standby(tools: Toolbox, state: StackState, version: str) -> RolloutResult:
    record = begin("rollback", version=version, color=state.idle, previous=state.live.version)
    tools.proxy.record(record.as_dict())
    try:
        with tools.progress.step("flip", f"{state.idle} serves {version}"):
            wait_for_proxy(tools, state.idle)
            flip(tools, Route(state.idle), version, record.now("flipped"))
    except (RolloutError, KeyboardInterrupt) as error:
        with undoing(error):
            tools.proxy.set_route(state.route, record.now("flipped back").as_dict())
        raise
    tools.proxy.record(record.now("finished", seconds=tools.progress.seconds).as_dict())
    _migrate_back(tools, state, version)
    tools.progress.note(f"{state.route.live} keeps {state.live.version}, but may not take over")
    return RolloutResult(
        "rolled back", state.idle, version, state.live.version, left_alone=state.left_alone
    )


def _migrate_back(tools: Toolbox, state: StackState, version: str) -> None:
    """Leave the next `up` the migration of the release that serves, and not of what was bad.

    After a restore to before that one's migration, `up` would apply it again.
    """
    container = tools.colors.container(state.idle)
    image = container.image_id if container else tools.stack.image_of(state.idle)
    try:
        with tools.progress.step("migrate", f"the next `up` does it with {version}"):
            migrate_with(tools, image)
    except RolloutError as error:
        tools.progress.note(f"{version} serves, but {error}: the next `up` runs it once more")


def _redeploy(tools: Toolbox, state: StackState) -> RolloutResult:
    release = _last_good(tools, state)
    tools.progress.note(f"no warm standby to flip to: deploying {release.version} again")
    swap = Swap(tools, state, release, "rollback")
    swap.run()
    if not state.live_is_ready:
        _heal_other(tools, swap)
    return swap.result


def _last_good(tools: Toolbox, state: StackState) -> Release:
    """Return the newest good release before the live one whose image is still here."""
    tags = tools.images.tags()
    for version in good_releases(state.history):
        if version != state.live.version and version in tags:
            return Release(version, tools.stack.release(version))
    for image in tools.images.untagged():
        # `up --build` took the tags away from what served before.
        if tools.images.version_of(image) != state.live.version:
            return tools.images.adopt(image)
    raise UnsafeError(
        f"there is no release to go back to: {state.live.version} is the only good one known",
        hint=f"choose one: deploy --image IMAGE; here are: {', '.join(sorted(tags)) or 'none'}",
    )


def _heal_other(tools: Toolbox, swap: Swap) -> None:
    """Give the colour that could not serve the good release too, so that there is a standby."""
    broken = swap.state.route.live
    with tools.progress.step("heal", f"{broken} with {swap.release.version}"):
        tools.images.move(tools.stack.image_of(broken), swap.release.image)
        tools.colors.start(broken)
    wait_ready(tools, broken, swap.release.version)
    approve_standby(tools, swap.state.idle)
