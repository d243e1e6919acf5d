"""Read the containers of a stack, running or not."""

import json
from dataclasses import dataclass
from typing import Any

from deploy.rollout import commands
from deploy.rollout.errors import StackUnavailableError
from deploy.rollout.runner import Runner
from deploy.rollout.stack import finds_database_by_address

_LABEL = "com.docker.compose."


@dataclass(frozen=True)
class Container:
    """One container of the stack."""

    id: str
    service: str
    state: str
    health: str
    exit_code: int
    restarts: int
    image_id: str
    addresses: dict[str, str]
    started: str
    external: bool = False
    # What Compose noted when it made the container: its description, and the image of that time.
    described: str = ""
    made_of: str = ""

    @property
    def is_running(self) -> bool:
        """Say whether the container runs; one that restarts over and over does not."""
        return self.state == "running"

    @property
    def looks_crashed(self) -> bool:
        """Say whether the container's process has ended, or keeps ending."""
        return self.state in {"exited", "dead"} or self.restarts >= 2

    @property
    def summary(self) -> str:
        """Return the state in a word or two, with exit code or health where there is one."""
        if self.state == "exited":
            return f"exited {self.exit_code}"
        return self.health if self.is_running and self.health else self.state


def containers_by_service(runner: Runner, project: str) -> dict[str, Container]:
    """Return the stack's containers, those of `compose run` aside."""
    listed = runner.run(commands.containers_of(project))
    if not listed.ok:
        raise StackUnavailableError(
            "the Docker engine does not answer",
            hint="is it running, and may you use it? try: docker version",
            evidence=listed.said,
        )
    if not (ids := listed.out.split()):
        return {}
    # One may have gone in between: what is left of the answer is still right.
    described = json.loads(runner.run(commands.inspect(*ids)).out or "[]")
    found = [_container(text) for text in described if not _is_one_off(text)]
    return {container.service: container for container in found}


def _is_one_off(text: dict[str, Any]) -> bool:
    return str(text["Config"]["Labels"].get(f"{_LABEL}oneoff", "False")) == "True"


def _environment(text: dict[str, Any]) -> dict[str, str]:
    pairs = (pair.partition("=") for pair in text["Config"].get("Env") or [])
    return {name: value for name, _, value in pairs}


def _container(text: dict[str, Any]) -> Container:
    state = text["State"]
    networks = text["NetworkSettings"]["Networks"] or {}
    return Container(
        id=text["Id"],
        service=text["Config"]["Labels"].get(f"{_LABEL}service", ""),
        state=state["Status"],
        health=state.get("Health", {}).get("Status", ""),
        exit_code=state["ExitCode"],
        restarts=text["RestartCount"],
        image_id=text["Image"],
        addresses={name: network["IPAddress"] for name, network in networks.items()},
        started=state["StartedAt"],
        external=finds_database_by_address(_environment(text)),
        described=text["Config"]["Labels"].get(f"{_LABEL}config-hash", ""),
        made_of=text["Config"]["Labels"].get(f"{_LABEL}image", ""),
    )
