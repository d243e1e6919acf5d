"""`deploy`: put the checkout, or a given image, in front of the users."""

from deploy.rollout.containers import containers_by_service
from deploy.rollout.drill_check import renew_drill_check
from deploy.rollout.history import good_releases, own_releases
from deploy.rollout.images import Release, plan_pruning
from deploy.rollout.inspect import inspect_stack
from deploy.rollout.lock import hold_lock
from deploy.rollout.reconcile import close_interrupted, reconcile
from deploy.rollout.swap import RolloutResult, Swap
from deploy.rollout.toolbox import Toolbox


def deploy(tools: Toolbox, image: str) -> RolloutResult:
    """Deploy an image, or the checkout if none is named."""
    with hold_lock(tools.runner, tools.stack, "deploy"):
        with tools.progress.step("check", "what runs, and is it safe to begin") as step:
            state = inspect_stack(tools)
            # Nothing has changed yet. From here on we change things.
            state = reconcile(tools, state)
            step.detail = f"{state.route.live} is live with {state.live.version}"
        release = _obtain(tools, image)
        close_interrupted(tools, state)
        swap = Swap(tools, state, release, "deploy")
        swap.run()
        renew_drill_check(tools, release.version)
        with tools.progress.step("prune", "older releases") as step:
            step.detail = f"removed {', '.join(prune(tools)) or 'nothing'}"
    return swap.result


def prune(tools: Toolbox) -> list[str]:
    """Remove the images of releases that are neither in use nor among the newest good ones."""
    history = tools.history()
    tags = tools.images.tags()
    running = containers_by_service(tools.runner, tools.stack.project).values()
    used = {container.image_id for container in running}
    used |= {tags[tag] for tag in ("blue", "green", "migrate") if tag in tags}
    return tools.images.remove(
        plan_pruning(
            tags,
            own=own_releases(history),
            good=good_releases(history),
            in_use={tag for tag, image in tags.items() if image in used},
            keep=tools.settings.keep,
        )
    )


def _obtain(tools: Toolbox, image: str) -> Release:
    with tools.progress.step("image", f"take {image}" if image else "build the checkout") as step:
        release = tools.images.take(image) if image else tools.images.build()
        step.detail = release.version
    return release
