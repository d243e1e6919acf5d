"""Build the commands of Compose, and start a service through it."""

import shlex
import time
from dataclasses import dataclass
from pathlib import Path

from deploy.rollout.runner import Command, Result, Runner

ATTEMPTS = 5
PAUSE = 5.0
# What Compose says when it gave up on a dependency that may be healthy again a second later.
_UNHEALTHY = "is unhealthy"


@dataclass(frozen=True)
class Compose:
    """Commands about the services of one stack."""

    files: tuple[Path, ...]

    @property
    def command_line(self) -> str:
        """Return how an operator calls Compose for this stack, fit to be pasted into a shell."""
        files = (word for file in self.files for word in ("-f", str(file)))
        return shlex.join(("docker", "compose", *files))

    def _compose(self, *words: str, override: bool = False) -> Command:
        files = [word for file in self.files for word in ("--file", str(file))]
        # A file called `-` is read from standard input and laid over the others.
        return (
            "docker",
            "compose",
            "--ansi",
            "never",
            *files,
            *(("--file", "-") if override else ()),
            *words,
        )

    def config(self) -> Command:
        """Print the stack as Compose understands it, environment and `.env` applied."""
        return self._compose("config", "--format", "json")

    def build(self, service: str) -> Command:
        """Build one service from the checkout, under the image name an override file gives."""
        return self._compose("build", service, override=True)

    def hashes(self) -> Command:
        """Print a line for each service: its name, and what Compose compares its container by."""
        return self._compose("config", "--hash", "*")

    def remove(self, *services: str) -> Command:
        """Stop and remove the containers of services; their volumes stay."""
        return self._compose("rm", "--stop", "--force", *services)

    def up(self, service: str) -> Command:
        """Start one service and what it depends on, and make only containers that are missing."""
        return self._compose("up", "--detach", "--no-build", "--no-recreate", service)

    def one_shot(self, service: str, *words: str, entrypoint: str = "") -> Command:
        """Run a service's container once, beside what runs already."""
        entry = ("--entrypoint", entrypoint) if entrypoint else ()
        return self._compose("run", "--rm", "--no-deps", "-T", *entry, service, *words)

    def inside(self, service: str, *words: str) -> Command:
        """Run a program inside a service's running container."""
        return self._compose("exec", "-T", service, *words)

    def logs(self, service: str, *, lines: int) -> Command:
        """Print the last log lines of a service."""
        return self._compose("logs", "--no-color", "--no-log-prefix", f"--tail={lines}", service)


def recreate(compose: Compose, runner: Runner, service: str, *others: str) -> Result:
    """Replace the containers of a service and of others; return Compose's last result.

    Dependencies are started if they are missing, but never replaced: a database or a proxy that
    Compose finds changed stays as it is. A dependency that is unhealthy for a moment is waited for.
    """
    removed = runner.run(compose.remove(service, *others), timeout=600)
    if not removed.ok:
        return removed
    for _ in range(ATTEMPTS - 1):
        result = runner.run(compose.up(service), timeout=600)
        if result.ok or _UNHEALTHY not in result.err:
            return result
        time.sleep(PAUSE)
    return runner.run(compose.up(service), timeout=600)
