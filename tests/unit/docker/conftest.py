"""The one-shot that makes the stack's secrets, run by sh in temporary folders."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

IMAGE = Path(__file__).resolve().parents[3] / "docker" / "postgres"

GOOD = "brought-Xk2mQ9vTz7LwRb4NcYp8-and-long-enough"

ALL = [
    "app-blue/password",
    "app-green/password",
    "migrate/password",
    "session/secret_key",
    "session/secret_key_fallbacks",
    "superuser/password",
]


@dataclass(frozen=True)
class SecretFolders:
    """Where one stack has its secrets and what was brought, and the tools its scripts find first."""

    root: Path
    own: Path
    tools: Path

    @property
    def path(self) -> str:
        """Return what PATH is to be."""
        return f"{self.tools}:{os.environ['PATH']}"

    def bring(self, name: str, value: str) -> None:
        (self.own / name).write_text(value)

    def everything(self) -> dict[str, str]:
        files = sorted(path for path in self.root.rglob("*") if path.is_file())
        return {path.relative_to(self.root).as_posix(): path.read_text() for path in files}


@dataclass(frozen=True)
class Place(SecretFolders):
    """The same, and where the cluster is."""

    cluster: Path

    def run(self, *args: str, **variables: str) -> subprocess.CompletedProcess[str]:
        env = {
            "PATH": self.path,
            "SECRETS_ROOT": str(self.root),
            "OWN_SECRETS": str(self.own),
            "PGDATA": str(self.cluster),
            "PG_MAJOR": "17",
            "CLUSTER_CHECK": str(self.tools / "check"),
        }
        return subprocess.run(
            ["sh", str(IMAGE / "secrets.sh"), *args],
            env=env | variables,
            check=False,
            capture_output=True,
            text=True,
        )

    def read(self, name: str) -> str:
        return (self.root / name).read_text().rstrip("\n")

    def initialise_database(self) -> None:
        self.cluster.mkdir()
        (self.cluster / "PG_VERSION").write_text("17\n")


@pytest.fixture
def folders(tmp_path: Path) -> SecretFolders:
    made = SecretFolders(tmp_path / "root", tmp_path / "own", tmp_path / "tools")
    for folder in (made.root, made.own, made.tools):
        folder.mkdir()
    if os.geteuid() != 0:
        # Only root may give a file away, and write into a folder whose mode forbids it; what owner
        # and mode of the folders are, the stack's own test looks at.
        (made.tools / "chown").symlink_to("/bin/true")
        (made.tools / "chmod").write_text('#!/bin/sh\n[ -d "$2" ] || exec /bin/chmod "$@"\n')
        (made.tools / "chmod").chmod(0o755)
    return made


@pytest.fixture
def place(folders: SecretFolders, tmp_path: Path) -> Place:
    # A clone under umask 077, or one made on Windows, holds no executable file.
    check = folders.tools / "check"
    check.write_text(f"#!/bin/sh\nexec sh '{IMAGE}/check.sh'\n")
    check.chmod(0o755)
    return Place(folders.root, folders.own, folders.tools, tmp_path / "cluster")
