"""Build the words of every Docker command; running them is the runner's business."""

from dataclasses import dataclass
from pathlib import Path

from deploy.rollout.runner import Command

_CAGE = ("--network", "none", "--read-only", "--cap-drop", "ALL", "--memory", "128m")


@dataclass(frozen=True)
class Compose:
    """Commands about the services of one stack."""

    files: tuple[Path, ...]

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


def containers_of(project: str) -> Command:
    """List the ids of all containers of a stack, running or not."""
    label = f"label=com.docker.compose.project={project}"
    return ("docker", "ps", "--all", "--quiet", "--no-trunc", "--filter", label)


def inspect(*names: str) -> Command:
    """Describe containers."""
    return ("docker", "container", "inspect", *names)


def wait(container: str) -> Command:
    """Wait for a container to end and print its exit code."""
    return ("docker", "wait", container)


def image_inspect(*names: str) -> Command:
    """Describe images."""
    return ("docker", "image", "inspect", *names)


def image_list(repository: str) -> Command:
    """List a repository's images as lines of tag and id."""
    form = "{{.Tag}} {{.ID}}"
    return ("docker", "image", "ls", "--no-trunc", "--format", form, repository)


def images_without_name(project: str) -> Command:
    """List the ids of the stack's own builds that no tag names any more, newest first."""
    own = f"label=com.docker.compose.project={project}"
    filters = ("--filter", "dangling=true", "--filter", own)
    return ("docker", "image", "ls", "--no-trunc", "--quiet", *filters)


def pull(image: str) -> Command:
    """Fetch an image from its registry."""
    return ("docker", "pull", "--quiet", image)


def tag(image: str, name: str) -> Command:
    """Give an image one more name."""
    return ("docker", "image", "tag", image, name)


def untag(name: str) -> Command:
    """Take a name away from an image, and the image with its last name."""
    return ("docker", "image", "rm", name)


def read_version(image: str) -> Command:
    """Print the version that an image carries."""
    return ("docker", "run", "--rm", *_CAGE, "--entrypoint", "cat", image, "/app/VERSION")


def hold_lock(name: str, image: str, labels: dict[str, str]) -> Command:
    """Run a named container that ends when its standard input is closed."""
    described = [word for key, value in labels.items() for word in ("--label", f"{key}={value}")]
    cage = (*_CAGE, "--pids-limit", "16", "--security-opt", "no-new-privileges")
    script = "echo held && cat"
    start = ("docker", "run", "--rm", "--interactive", "--name", name, *described, *cage)
    return (*start, "--entrypoint", "sh", image, "-c", script)


def remove_ended(container: str) -> Command:
    """Remove a container, unless it runs."""
    return ("docker", "container", "rm", container)
