"""Build the Docker commands that are not Compose's; the runner runs them."""

from deploy.rollout.runner import Command

_SANDBOX = ("--network", "none", "--read-only", "--cap-drop", "ALL", "--memory", "128m")


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


def untagged_images(project: str) -> Command:
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
    return ("docker", "run", "--rm", *_SANDBOX, "--entrypoint", "cat", image, "/app/VERSION")


def hold_lock(name: str, image: str, labels: dict[str, str]) -> Command:
    """Run a named container that ends when its standard input is closed."""
    described = [word for key, value in labels.items() for word in ("--label", f"{key}={value}")]
    cage = (*_SANDBOX, "--pids-limit", "16", "--security-opt", "no-new-privileges")
    script = "echo held && cat"
    start = ("docker", "run", "--rm", "--interactive", "--name", name, *described, *cage)
    return (*start, "--entrypoint", "sh", image, "-c", script)


def remove_ended(container: str) -> Command:
    """Remove a container, unless it runs."""
    return ("docker", "container", "rm", container)
