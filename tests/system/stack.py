"""The production stack as a test uses it: a copy of the checkout, its own name, port and images."""

import json
import os
import re
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from tests.polling import wait_for
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
COMPOSE_FILE = "deploy/docker-compose.prod.pg.yml"
EXTERNAL_FILE = "deploy/docker-compose.external-db.yml"
PARTS = (
    *("Dockerfile", ".dockerignore", "requirements.txt", "requirements-backup.txt"),
    *("backend", "docker", "deploy"),
)
NOT_COPIED = shutil.ignore_patterns(
    *("__pycache__", "instance", "*.db", "*.db-*", "*_password", "secret_key"),
    *("*database_url", "database_ca", "backup_notify_url"),
)
COLOR_TAGS = ("blue", "green", "migrate")
_COMPLAINT = re.compile(r'"level": "(warning|error|critical)|"status": 50\d|FATAL|PANIC|ERROR:')
_MOST_COMPLAINTS = 60


class Stack:
    """One stack, in a folder of its own that stands for a fresh clone on a server."""

    def __init__(self, root: Path, name: str, port: int) -> None:
        self.root = root
        self.name = name
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        # Beside the checkout, as by default; but named, for a test may not write where it is not told.
        self.backups = root.with_name(f"{root.name} backups")
        # What is laid over the production file.
        self.overlays: tuple[str, ...] = ()

    @property
    def files(self) -> tuple[str, ...]:
        """Return the compose files that describe this stack."""
        return (COMPOSE_FILE, *self.overlays)

    def configure(self, **variables: str) -> None:
        """Write the `.env` that an operator would write; a later call replaces it."""
        chosen = {
            "STACK_NAME": self.name,
            "HTTP_PORT": str(self.port),
            "BACKUP_DIR": str(self.backups),
            **variables,
        }
        lines = [f"{name}={value}\n" for name, value in chosen.items()]
        (self.root / ".env").write_text("".join(lines), encoding="utf-8")

    def compose(
        self, *args: str, check: bool = True, timeout: float = 600, stdin: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run `docker compose -f deploy/docker-compose.prod.pg.yml ARGS` as an operator would."""
        files = [word for file in self.files for word in ("-f", file)]
        return run(
            *("docker", "compose", *files, *args),
            cwd=self.root,
            check=check,
            timeout=timeout,
            stdin=stdin,
        )

    def up(self, *args: str) -> None:
        """Start everything and wait until a request through the proxy finds the app ready."""
        self.compose("up", "--detach", *args)
        self.wait_ready()

    def wait_ready(self) -> None:
        """Wait until the app answers through the proxy that it is ready."""
        wait_for(lambda: self.status("/api/ready") == 200, "the stack to be ready", every=0.1)

    def status(self, path: str) -> int:
        """Return the status that GET of the path ends with; 0 is no answer."""
        try:
            with urlopen(Request(self.url + path), timeout=10) as response:  # noqa: S310 - our own URL
                return int(response.status)
        except HTTPError as error:
            return error.code
        except (URLError, OSError):
            return 0

    def exec(
        self, service: str, *command: str, check: bool = True, stdin: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in the running container of a service."""
        # The engine itself answers in a third of the time that Compose takes.
        there = ("docker", "exec", "--interactive", self.container(service))
        return run(*there, *command, check=check, stdin=stdin)

    def sql(self, statement: str, database: str = "hesap_paylas") -> str:
        """Return what the superuser's psql prints for the statement, unaligned."""
        # The password stays inside the container: no argument and no output shows it.
        script = (
            "PGPASSWORD=$(cat /run/secrets/superuser/password) "
            f"exec psql -h 127.0.0.1 -U postgres -d {database} -XAtq -v ON_ERROR_STOP=1"
        )
        return self.exec("db", "sh", "-c", script, stdin=statement).stdout.strip()

    def container(self, service: str) -> str:
        """Return the id of the service's container, running or not."""
        return self.containers("oneoff=False").get(service, "")

    def containers(self, *labels: str) -> dict[str, str]:
        """Return service → container id of every container of this stack with these labels."""
        asked = (f"label=com.docker.compose.{label}" for label in (f"project={self.name}", *labels))
        filters = [word for label in asked for word in ("--filter", label)]
        form = ("--format", '{{.Label "com.docker.compose.service"}} {{.ID}}')
        table = docker("ps", "--all", "--no-trunc", *filters, *form)
        return dict(line.split() for line in table.splitlines())

    def inspect(self, service: str) -> dict[str, Any]:  # Any: Docker's own JSON
        """Return what `docker inspect` says about the service's container."""
        answer: list[dict[str, Any]] = json.loads(docker("inspect", self.container(service)))
        return answer[0]

    def logs(self, *services: str) -> str:
        """Return what the services have logged."""
        result = self.compose("logs", "--no-color", *services, check=False)
        return result.stdout + result.stderr

    def complaints(self) -> str:
        """Return the last lines of the logs that are about something wrong.

        Who asks has a failure to tell: another one must not take its place.
        """
        try:
            logs = self.compose("logs", "--no-color", check=False, timeout=60).stdout
        except (OSError, subprocess.SubprocessError) as error:
            return f"the logs cannot be read: {error}"
        wrong = [line for line in logs.splitlines() if _COMPLAINT.search(line)]
        return "\n".join(wrong[-_MOST_COMPLAINTS:])

    def images(self) -> list[str]:
        """Return every image name that belongs to this stack."""
        listed = docker("images", "--format", "{{.Repository}}:{{.Tag}}").splitlines()
        own = {self.name, *(f"{self.name}-{part}" for part in ("db", "backup", "proxy"))}
        return [image for image in listed if image.rpartition(":")[0] in own]

    def build(self) -> None:
        """Build all images of the stack from its folder."""
        self.compose("build", "--quiet", timeout=1200)

    def take_images_of(self, other: "Stack") -> None:
        """Use another stack's images under this one's names, without building."""
        for image in other.images():
            repository, _, tag = image.rpartition(":")
            if tag in (*COLOR_TAGS, "17", "3.0"):
                docker("tag", image, f"{self.name}{repository.removeprefix(other.name)}:{tag}")

    def down(self) -> None:
        """Remove containers, networks, volumes and images of this stack, and nothing else."""
        # Nobody is served any more, and nothing of it stays: nothing has to end in good order.
        self.compose("down", "--volumes", "--remove-orphans", "--timeout", "0", check=False)
        self._remove_backups()
        if images := self.images():
            run("docker", "rmi", *images, check=False)

    def _remove_backups(self) -> None:
        """Remove the folder of the backups: its files belong to a user of the containers."""
        if self.backups.exists():
            emptied = ("--volume", f"{self.backups}:/backups", "--entrypoint", "find")
            run(
                *("docker", "run", "--rm", "--user", "0:0", "--network", "none", *emptied),
                *(f"{self.name}-db:17", "/backups", "-mindepth", "1", "-delete"),
            )
            self.backups.rmdir()


@contextmanager
def new_stack(folder: Path, label: str, *, images_of: Stack | None = None) -> Iterator[Stack]:
    """Give a stack that is not up yet; take everything away at the end.

    Without images of another one its first `up` builds them, as a user's does.
    """
    prefix = os.environ.get("TEST_STACK_PREFIX", "hesap-test")
    # The space is meant: a checkout may lie in a folder like that.
    root = copy_of_checkout(folder / f"{label} checkout")
    stack = Stack(root, f"{prefix}-{label}-{secrets.token_hex(3)}", free_port())
    stack.configure()
    try:
        if images_of:
            stack.take_images_of(images_of)
        yield stack
    finally:
        stack.down()


def copy_of_checkout(target: Path) -> Path:
    """Copy what a clone would hold and the stack needs; own secrets and data stay behind."""
    target.mkdir(parents=True)
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, target / part, symlinks=True, ignore=NOT_COPIED)
        else:
            shutil.copy2(source, target / part)
    _as_under_umask_077(target)
    return target


def _as_under_umask_077(target: Path) -> None:
    """Take everybody else's rights away: a careful administrator's clone looks like this."""
    for path in (target, *target.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode & 0o700)


def docker(*args: str) -> str:
    """Run one docker command and return its output."""
    return run("docker", *args).stdout.strip()


def run(
    *command: str,
    cwd: Path | None = None,
    check: bool = True,
    timeout: float = 600,
    stdin: str | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a command with a clean environment; on failure show what it said."""
    result = subprocess.run(
        command,
        cwd=cwd,
        check=False,
        capture_output=True,
        text=True,
        timeout=timeout,
        input=stdin if stdin is not None else "",
        env=clean_environment(),
    )
    if check and result.returncode:
        said = f"{result.stdout}\n{result.stderr}".strip()[-4000:]
        raise AssertionError(f"{' '.join(command)} exited {result.returncode}:\n{said}")
    return result


def clean_environment() -> dict[str, str]:
    """Return this environment without what would change the stack behind the test's back."""
    ours = (
        "STACK_NAME",
        "HTTP_",
        "DB_",
        "APP_",
        "PG_",
        "WEB_",
        "SERVICE_",
        "LOG_LEVEL",
        "PUBLIC_URL",
        "BACKUP",
    )
    foreign = ("COMPOSE_", "TRUSTED_PROXIES", "SECRET_KEY", "DATABASE_URL", "MIGRATE_DATABASE_URL")
    return {
        name: value for name, value in os.environ.items() if not name.startswith(ours + foreign)
    }
