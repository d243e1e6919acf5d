"""`rollback`: return to the release before, as fast as the state of things allows."""

from deploy.rollout.colors import Answer
from deploy.rollout.deploying import note_leftover
from deploy.rollout.errors import RolloutError, UnsafeError
from deploy.rollout.history import begin, good_releases
from deploy.rollout.images import Release
from deploy.rollout.lock import hold_lock
from deploy.rollout.outcome import Outcome
from deploy.rollout.route import Route
from deploy.rollout.survey import Scene, survey
from deploy.rollout.swap import Reached, Swap, approve_standby, flip, put_back
from deploy.rollout.toolbox import Toolbox
from deploy.rollout.waiting import wait_for_proxy, wait_ready


def roll_back(tools: Toolbox) -> Outcome:
    """Undo an interrupted rollout, or flip to the warm standby, or deploy the last good release."""
    with hold_lock(tools.runner, tools.stack, "rollback"):
        # Nothing has changed yet.
        with tools.story.step("check", "what there is to go back to") as step:
            scene = survey(tools)
            step.detail = f"{scene.route.live} is live with {scene.live.version}"
        if scene.leftover and not scene.leftover_is_live and scene.live_is_ready:
            return _undo_leftover(tools, scene)
        note_leftover(tools, scene)
        standby = tools.colors.ask(scene.idle, "/api/ready")
        _refuse_contracted(standby)
        if _may_serve(scene, standby):
            return _flip_to_standby(tools, scene, standby.version)
        return _redeploy(tools, scene)


def _may_serve(scene: Scene, standby: Answer) -> bool:
    """Say whether going back means the release that stands by: another one, tried, and good."""
    other = standby.version != scene.live.version
    return standby.ok and other and standby.version in good_releases(scene.history)


def _refuse_contracted(standby: Answer) -> None:
    """Refuse to go back to a release that the schema has left behind."""
    if standby.schema == "contracted":
        raise UnsafeError(
            f"{standby.version} cannot work any more: {standby.reason}",
            hint="a contract migration took away what it needs: go forward, with a new release",
        )


def _undo_leftover(tools: Toolbox, scene: Scene) -> Outcome:
    with tools.story.step("undo", "what the interrupted rollout left in the idle colour"):
        put_back(tools, scene, Reached.IDLE_COLOR)
    note_leftover(tools, scene)
    return Outcome("undone", scene.route.live, scene.live.version, scene.live.version)


def _flip_to_standby(tools: Toolbox, scene: Scene, version: str) -> Outcome:
    record = begin("rollback", version=version, color=scene.idle, previous=scene.live.version)
    tools.proxy.record(record.as_dict())
    try:
        with tools.story.step("flip", f"{scene.idle} serves {version}"):
            wait_for_proxy(tools, scene.idle)
            flip(tools, Route(scene.idle), version, record.now("flipped"))
    except (RolloutError, KeyboardInterrupt):
        tools.proxy.set_route(scene.route, record.now("flipped back").as_dict())
        raise
    tools.proxy.record(record.now("finished", seconds=tools.story.seconds).as_dict())
    tools.story.say(f"{scene.route.live} keeps {scene.live.version}, but may not take over")
    return Outcome(
        "rolled back", scene.idle, version, scene.live.version, left_alone=scene.left_alone
    )


def _redeploy(tools: Toolbox, scene: Scene) -> Outcome:
    release = _last_good(tools, scene)
    tools.story.say(f"no warm standby to flip to: deploying {release.version} again")
    swap = Swap(tools, scene, release, "rollback")
    swap.run()
    if not scene.live_is_ready:
        _heal_other(tools, swap)
    return Outcome.of_swap(swap)


def _last_good(tools: Toolbox, scene: Scene) -> Release:
    """Return the newest good release before the live one whose image is still here."""
    tags = tools.images.tags()
    for version in good_releases(scene.history):
        if version != scene.live.version and version in tags:
            return Release(version, tools.stack.release(version))
    for image in tools.images.nameless():
        # `up --build` took the tags away from what served before.
        if tools.images.version_of(image) != scene.live.version:
            return tools.images.adopt(image)
    raise UnsafeError(
        f"there is no release to go back to: {scene.live.version} is the only good one known",
        hint=f"choose one: deploy --image IMAGE; here are: {', '.join(sorted(tags)) or 'none'}",
    )


def _heal_other(tools: Toolbox, swap: Swap) -> None:
    """Give the colour that could not serve the good release too, so that there is a standby."""
    broken = swap.scene.route.live
    with tools.story.step("heal", f"{broken} with {swap.release.version}"):
        tools.images.move(tools.stack.image_of(broken), swap.release.image)
        tools.colors.start(broken)
    wait_ready(tools, broken, swap.release.version)
    approve_standby(tools, swap.scene.idle)
