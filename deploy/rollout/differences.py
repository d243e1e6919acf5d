"""Compare the running containers with what the compose files describe.

A deploy leaves the database and the proxy as they are: replacing them interrupts everybody.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from deploy.rollout.containers import Container
from deploy.rollout.errors import UnsafeError
from deploy.rollout.route import Color
from deploy.rollout.stack import DRILL_CHECK, Stack
from deploy.rollout.toolbox import Toolbox

# Servers whose replacement interrupts everybody, with what is started beside them: without
# `secrets` Compose would note another description for `db` than a plain `up` does, which would
# then replace it once more.
_TOGETHER = {"db": ("secrets", "db"), "proxy": ("proxy",)}


@dataclass(frozen=True)
class Difference:
    """One server that a plain `up` would replace."""

    service: str
    command: str = ""

    @property
    def sentence(self) -> str:
        """Return what stays as it is, and what replaces it."""
        told = f"{self.service} is not what the compose files and .env describe now"
        if not self.command:
            return f"{told}: the next deploy replaces it"
        also = ", and with it both colours" if self.service == "db" else ""
        return (
            f"{told}, and goes on as it is; in a quiet moment: {self.command}"
            f" (a plain `up` would replace it too{also})"
        )


def find_differences(tools: Toolbox, containers: Mapping[str, Container]) -> tuple[Difference, ...]:
    """List the servers whose description differs from the one that Compose noted on creation."""
    described = _hashes(tools)
    names = (*_TOGETHER, *(color.service for color in Color), DRILL_CHECK)
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
    return f"{tools.compose.command_line} up --detach --no-deps {' '.join(_TOGETHER[name])}"


def refuse_other_database(stack: Stack, containers: Mapping[str, Container]) -> None:
    """Refuse compose files that describe another database than the one users are on.

    Half of the files of a stack on an external database describe a stack that would begin an empty
    one of its own.
    """
    for color in Color:
        container = containers.get(color.service)
        if container and container.external != stack.external:
            raise UnsafeError(
                f"{color.service} runs on {_database(container)}, these compose files are for"
                f" {_database(stack)}",
                hint="name the files that `up` was given, each with --file; to change the database,"
                " `docker compose ... up` with the new ones",
            )


def _database(of: Stack | Container) -> str:
    return "an external database" if of.external else "a database of its own"
