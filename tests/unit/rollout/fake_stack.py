"""A stack on the fake engine, and the tools of a rollout of it."""

import io
from dataclasses import replace
from pathlib import Path

from deploy.rollout.colors import Colors
from deploy.rollout.compose import Compose
from deploy.rollout.history import parse_history
from deploy.rollout.images import Images
from deploy.rollout.progress import Progress
from deploy.rollout.proxy import Proxy
from deploy.rollout.settings import Settings
from deploy.rollout.stack import Stack
from deploy.rollout.toolbox import Toolbox
from tests.unit.rollout.fake_docker import IMAGE, Behaviour, FakeDocker

NAMES = {"app-blue": "blue", "app-green": "green", "migrate": "migrate"}
STACK = Stack(
    "shop",
    {service: f"{IMAGE}:{tag}" for service, tag in NAMES.items()}
    | {"proxy": "shop-proxy:3.0", "db": "shop-db:17", "secrets": "shop-db:17", "bootstrap": "b"}
    | {"drill-check": f"{IMAGE}:migrate"},
    "http://127.0.0.1:8080",
)

EXTERNAL = replace(STACK, external=True)


def tools(docker: FakeDocker, stack: Stack = STACK) -> Toolbox:
    compose = Compose((Path("prod.yml"),))
    return Toolbox(
        settings=Settings(ready_seconds=0.05, watch_seconds=0.02, drain_seconds=1),
        stack=stack,
        compose=compose,
        runner=docker,
        proxy=Proxy(compose, docker),
        images=Images(compose, docker, stack),
        colors=Colors(compose, docker, stack),
        progress=Progress(io.StringIO()),
    )


def bring(docker: FakeDocker, version: str, behaviour: Behaviour | None = None) -> str:
    """Have an image of a release on the engine; return its name."""
    docker.tags[f"elsewhere:{version}"] = version
    docker.behaviours[version] = behaviour or Behaviour()
    return f"elsewhere:{version}"


def notes(used: Toolbox) -> str:
    """Return what a rollout has told while it went on."""
    assert isinstance(used.progress.stream, io.StringIO)
    return used.progress.stream.getvalue()


def events(docker: FakeDocker) -> list[tuple[str, str]]:
    return [(r.event, r.version) for r in parse_history("\n".join(docker.history))]
