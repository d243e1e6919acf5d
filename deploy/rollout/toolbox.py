"""The objects that every part of a rollout uses, created once."""

from dataclasses import dataclass

from deploy.rollout.colors import Colors
from deploy.rollout.compose import Compose
from deploy.rollout.history import Record, parse_history
from deploy.rollout.images import Images
from deploy.rollout.progress import Progress
from deploy.rollout.proxy import Proxy
from deploy.rollout.runner import Runner
from deploy.rollout.settings import Settings
from deploy.rollout.stack import Stack, load_stack


@dataclass(frozen=True)
class Toolbox:
    """One stack and the means to change it."""

    settings: Settings
    stack: Stack
    compose: Compose
    runner: Runner
    proxy: Proxy
    images: Images
    colors: Colors
    progress: Progress

    def history(self) -> list[Record]:
        """Return what was deployed so far, oldest first."""
        return parse_history(self.proxy.history())


def open_toolbox(settings: Settings, progress: Progress) -> Toolbox:
    """Find out which stack this is and make the tools for it; changes nothing."""
    runner = Runner()
    compose = Compose(settings.files)
    stack = load_stack(compose, runner)
    return Toolbox(
        settings=settings,
        stack=stack,
        compose=compose,
        runner=runner,
        proxy=Proxy(compose, runner),
        images=Images(compose, runner, stack),
        colors=Colors(compose, runner, stack),
        progress=progress,
    )
