"""Build, tag and remove the images of releases."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field

from deploy.rollout import commands
from deploy.rollout.compose import Compose
from deploy.rollout.errors import BuildError, StackUnavailableError
from deploy.rollout.runner import Command, Result, Runner
from deploy.rollout.stack import Stack

BUILD_SECONDS = 1800


@dataclass(frozen=True)
class Release:
    """One version of the application, and the image that holds it."""

    version: str
    image: str


@dataclass
class Images:
    """The images of one stack."""

    compose: Compose
    runner: Runner
    stack: Stack
    versions: dict[str, str] = field(default_factory=dict)

    def build(self) -> Release:
        """Build the checkout, without touching the tags that run."""
        name = self.stack.release("candidate")
        override = json.dumps({"services": {"migrate": {"image": name}}})
        result = self.runner.run(
            self.compose.build("migrate"), stdin=override, timeout=BUILD_SECONDS
        )
        if not result.ok:
            raise BuildError("the checkout does not build", evidence=result.said)
        release = self.adopt(name)
        self.runner.run(commands.untag(name))
        return release

    def take(self, image: str) -> Release:
        """Use an image that was built elsewhere, fetching it if it is not here."""
        if not self.id_of(image):
            pulled = self.runner.run(commands.pull(image), timeout=BUILD_SECONDS)
            if not pulled.ok:
                raise StackUnavailableError(
                    f"there is no image {image} here, and it cannot be fetched",
                    hint=f"releases that are here: {', '.join(self.tags()) or 'none'}",
                    evidence=pulled.said,
                )
        return self.adopt(image)

    def adopt(self, image: str) -> Release:
        """Give a release's image the tag of its version."""
        version = self.version_of(image)
        self.move(self.stack.release(version), image)
        return Release(version, self.stack.release(version))

    def version_of(self, image: str) -> str:
        """Return the version that an image carries."""
        key = self.id_of(image) or image
        if key not in self.versions:
            result = self.runner.run(commands.read_version(image))
            version = result.out.strip()
            if not result.ok or not version or set(version) & set(" \n:/"):
                raise BuildError(
                    f"{image} is not a release of this application: /app/VERSION is missing",
                    hint="give an image that the project's Dockerfile made",
                    evidence=result.said,
                )
            self.versions[key] = version
        return self.versions[key]

    def id_of(self, image: str) -> str | None:
        """Return the id of an image; nothing if it is not here."""
        result = self.runner.run(commands.image_inspect(image))
        return str(json.loads(result.out)[0]["Id"]) if result.ok else None

    def move(self, name: str, image: str) -> None:
        """Make a tag name this image."""
        self._must(commands.tag(image, name))

    def tags(self) -> dict[str, str]:
        """Return tag → id of every image in the stack's repository."""
        listed = self.runner.run(commands.image_list(self.stack.repository)).out
        pairs = (line.split() for line in listed.splitlines())
        return {tag: image_id for tag, image_id in pairs if tag != "<none>"}

    def untagged(self) -> list[str]:
        """List the stack's own builds that lost their tag to a newer one, newest first."""
        found = self.runner.run(commands.untagged_images(self.stack.project)).out.split()
        return [image for image in found if self._is_release(image)]

    def remove(self, versions: Iterable[str]) -> list[str]:
        """Remove releases; one that a container still uses stays."""
        return [v for v in versions if self.runner.run(commands.untag(self.stack.release(v))).ok]

    def _is_release(self, image: str) -> bool:
        try:
            return bool(self.version_of(image))
        except BuildError:
            return False

    def _must(self, command: Command) -> Result:
        result = self.runner.run(command)
        if not result.ok:
            raise StackUnavailableError(f"`{' '.join(command)}` failed", evidence=result.said)
        return result


def plan_pruning(
    tags: Iterable[str], *, own: set[str], good: list[str], in_use: set[str], keep: int
) -> list[str]:
    """Choose the releases to remove: our own, not in use, not among the newest good ones."""
    kept = set(good[:keep]) | in_use
    return sorted(tag for tag in tags if tag in own and tag not in kept)
