"""Ask Compose which stack this is: its name, its image names, its services."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deploy.rollout.compose import Compose
from deploy.rollout.errors import ComposeConfigError, StackUnavailableError
from deploy.rollout.route import Color
from deploy.rollout.runner import Runner

SERVICES = ("migrate", "proxy", *(color.service for color in Color))
# Looks at what a drill has restored; a stack on an external database may have none.
DRILL_CHECK = "drill-check"


@dataclass(frozen=True)
class Stack:
    """The names of one stack, as Compose gives them."""

    project: str
    images: dict[str, str]
    address: str
    # Somebody else runs the database: no password of it is ours to change.
    external: bool = False

    @property
    def repository(self) -> str:
        """Return the repository that every release of the stack is tagged in."""
        return self.images["migrate"].rpartition(":")[0]

    def image_of(self, color: Color) -> str:
        """Return the tag that a colour runs."""
        return self.images[color.service]

    @property
    def before_migration(self) -> tuple[str, ...]:
        """Return the one-shots that a migration waits for."""
        names = ("secrets", "external-db" if self.external else "bootstrap")
        return tuple(name for name in names if name in self.images)

    @property
    def migrate_image(self) -> str:
        """Return the tag that the migration runs."""
        return self.images["migrate"]

    def release(self, version: str) -> str:
        """Return the name of a release's image."""
        return f"{self.repository}:{version}"


def load_stack(compose: Compose, runner: Runner) -> Stack:
    """Read the stack's names from Compose, which applies `.env` exactly as `up` does."""
    result = runner.run(compose.config())
    if not result.ok:
        raise _translate(result.said)
    return parse_stack(json.loads(result.out))


def parse_stack(config: dict[str, Any]) -> Stack:
    """Read the names from the output of `docker compose config`."""
    services: dict[str, Any] = config.get("services", {})
    missing = [name for name in SERVICES if "image" not in services.get(name, {})]
    if missing:
        raise ComposeConfigError(
            f"the compose file has no service with an image called {', '.join(missing)}",
            hint="point --file at deploy/docker-compose.prod.pg.yml",
        )
    images = {name: str(service["image"]) for name, service in services.items()}
    environment = services[Color.BLUE.service].get("environment") or {}
    external = finds_database_by_address(environment)
    return Stack(str(config["name"]), images, _address(services["proxy"]), external)


def finds_database_by_address(environment: Mapping[str, str | None]) -> bool:
    """Say whether a colour gets a whole address; the stack's own database is given in parts."""
    return bool(environment.get("DATABASE_URL_FILE"))


def _address(proxy: dict[str, Any]) -> str:
    port: dict[str, Any] = next(iter(proxy.get("ports", [])), {})
    return f"http://{port.get('host_ip', '127.0.0.1')}:{port.get('published', '?')}"


def _translate(said: str) -> Exception:
    if "compose" in said and "not a docker command" in said:
        return StackUnavailableError("this Docker has no compose plugin", evidence=said)
    return ComposeConfigError(
        "Compose does not accept the stack's description",
        hint="look at the line it names, and at .env",
        evidence=said,
    )
