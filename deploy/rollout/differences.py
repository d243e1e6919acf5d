"""Find the servers that are no longer what the compose files describe, and how to bring them there.

A deploy leaves them alone: making the database or the proxy anew interrupts everybody.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from deploy.rollout.containers import Container
from deploy.rollout.route import Color
from deploy.rollout.toolbox import Toolbox

# What interrupts everybody, with what is started beside it: without `secrets` Compose would note
# another description for `db` than a plain `up` does, which would then make it anew once more.
_TOGETHER = {"db": ("secrets", "db"), "proxy": ("proxy",)}


@dataclass(frozen=True)
class Difference:
    """One server that a plain `up` would replace."""

    service: str
    command: str = ""

    @property
    def sentence(self) -> str:
        """Say what stays as it is, and what replaces it."""
        told = f"{self.service} is not what the compose files and .env describe now"
        if not self.command:
            return f"{told}: the next deploy replaces it"
        also = ", and with it both colours" if self.service == "db" else ""
        return (
            f"{told}, and goes on as it is; in a quiet moment: {self.command}"
            f" (a plain `up` would replace it too{also})"
        )


def find_differences(tools: Toolbox, containers: Mapping[str, Container]) -> tuple[Difference, ...]:
    """Compare each server with its description, by what Compose noted when it was made."""
    described = _hashes(tools)
    names = (*_TOGETHER, *(color.service for color in Color))
    return tuple(
        Difference(name, _command(tools, name))
        for name in names
        if name in described
        and name in containers
        and not _fits(tools, containers[name], described[name])
    )


def _fits(tools: Toolbox, container: Container, described: str) -> bool:
    image = tools.images.id_of(tools.stack.images[container.service])
    return container.described == described and container.made_of == (image or container.made_of)


def _hashes(tools: Toolbox) -> dict[str, str]:
    """Return what Compose compares each service by."""
    lines = tools.runner.run(tools.compose.hashes()).out.splitlines()
    pairs = (line.partition(" ") for line in lines)
    return {name: described.strip() for name, _, described in pairs}


def _command(tools: Toolbox, name: str) -> str:
    if name not in _TOGETHER:
        return ""
    return f"{tools.settings.compose} up --detach --no-deps {' '.join(_TOGETHER[name])}"
