"""Make route, tags and history agree before a rollout begins."""

from dataclasses import replace

from deploy.rollout.history import begin
from deploy.rollout.inspect import StackState
from deploy.rollout.toolbox import Toolbox


def reconcile(tools: Toolbox, state: StackState) -> StackState:
    """Make the proxy's route, the image tags and the history agree with what serves.

    Return the state after that.
    """
    _agree_on_route(tools, state)
    for difference in state.left_alone:
        tools.progress.note(difference.sentence)
    # An older release keeps a tag of its own, so that a rollback finds its image.
    tools.images.move(state.live.image, state.live_image)
    return _adopt(tools, state) if state.is_unrecorded else state


def _agree_on_route(tools: Toolbox, state: StackState) -> None:
    """Set the route on disk and in the process to the colour that serves."""
    before, route = state.proxy.on_disk, state.route
    if route != before or route != state.proxy.in_process:
        tools.proxy.set_route(route)
    if route != before:
        tools.progress.note(
            f"{before.live} is down and {route.live} took over: {route.live} is live now"
        )


def _adopt(tools: Toolbox, state: StackState) -> StackState:
    """Record a release that came with `up` and serves well: a rollback may return to it."""
    version = state.live.version
    begun = begin("up", version=version, color=state.route.live, previous=version)
    record = begun.now("adopted")
    tools.proxy.record(record.as_dict())
    return replace(state, history=(*state.history, record))


def close_interrupted(tools: Toolbox, state: StackState) -> None:
    """Record how an interrupted rollout ended: its release serves, or is replaced."""
    if not (cut := state.interrupted):
        return
    event = "finished" if state.interrupted_is_live and state.live_is_ready else "undone"
    meaning = "it serves" if event == "finished" else "what it left in the idle colour is replaced"
    tools.proxy.record(cut.now(event, cause="interrupted").as_dict())
    tools.progress.note(f"the {cut.kind} of {cut.version} was interrupted: {meaning}")
