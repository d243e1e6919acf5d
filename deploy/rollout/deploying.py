"""`deploy`: put the checkout, or a given image, in front of the users."""

from deploy.rollout.containers import containers_by_service
from deploy.rollout.history import good_releases, own_releases
from deploy.rollout.images import Release, plan_pruning
from deploy.rollout.lock import hold_lock
from deploy.rollout.outcome import Outcome
from deploy.rollout.survey import Scene, survey
from deploy.rollout.swap import Swap
from deploy.rollout.toolbox import Toolbox


def deploy(tools: Toolbox, image: str) -> Outcome:
    """Deploy an image, or the checkout if none is named."""
    with hold_lock(tools.runner, tools.stack, "deploy"):
        # Nothing has changed yet.
        with tools.story.step("check", "what runs, and is it safe to begin") as step:
            scene = survey(tools)
            step.detail = f"{scene.route.live} is live with {scene.live.version}"
        release = _obtain(tools, image)
        note_leftover(tools, scene)
        swap = Swap(tools, scene, release, "deploy")
        swap.run()
        with tools.story.step("prune", "older releases") as step:
            step.detail = f"removed {', '.join(prune(tools)) or 'nothing'}"
    return Outcome.of_swap(swap)


def note_leftover(tools: Toolbox, scene: Scene) -> None:
    """Bring an interrupted rollout to its end in the books: what it left is replaced or serves."""
    if not scene.leftover:
        return
    event = "finished" if scene.leftover_is_live and scene.live_is_ready else "undone"
    meaning = "it serves" if event == "finished" else "what it left in the idle colour is replaced"
    tools.proxy.record(scene.leftover.now(event, cause="interrupted").as_dict())
    tools.story.say(
        f"the {scene.leftover.kind} of {scene.leftover.version} was interrupted: {meaning}"
    )


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
    with tools.story.step("image", f"take {image}" if image else "build the checkout") as step:
        release = tools.images.take(image) if image else tools.images.build()
        step.detail = release.version
    return release
