"""The one-shot that makes the stack's secrets, run by sh in temporary folders."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

IMAGE = Path(__file__).resolve().parents[3] / "docker" / "postgres"

GOOD = "brought-Xk2mQ9vTz7LwRb4NcYp8-and-long-enough"

# What the stack's services log in and sign with.
LOGINS = [
    "app-blue/password",
    "app-green/password",
    "migrate/password",
    "session/secret_key",
    "session/secret_key_fallbacks",
    "superuser/password",
]
# What the backups are encrypted with, and the copies that the escrow is made of.
BACKUP_KEYS = [
    "backup/manifest_key",
    "backup/repository.conf",
    "backup/session_key",
    "backup/session_key_fallbacks",
    "repository/repository.conf",
]
ALL = sorted([*LOGINS, *BACKUP_KEYS])

KEYGEN = """\
import sys
from pyrage.x25519 import Identity
identity = Identity.generate()
print("Public key:", identity.to_public(), file=sys.stderr)
print("# public key:", identity.to_public())
print(identity)
"""
# The number of a cluster, as Postgres writes it down.
CLUSTER = "7577312031234567890"


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
    """The same, and where the cluster and the backups are."""

    cluster: Path
    backups: Path

    def run(self, *args: str, **variables: str) -> subprocess.CompletedProcess[str]:
        env = {
            "PATH": self.path,
            "SECRETS_ROOT": str(self.root),
            "OWN_SECRETS": str(self.own),
            "PGDATA": str(self.cluster),
            "PG_MAJOR": "17",
            "CLUSTER_CHECK": str(self.tools / "check"),
            "BACKUPS_TOOL": str(self.tools / "backups"),
            "BACKUPS_FOLDER": str(self.backups),
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

    def back_up(self, cluster: str = CLUSTER) -> None:
        """Leave a repository of a cluster in the folder of the backups."""
        repository = self.backups / cluster / "repository"
        repository.mkdir(parents=True)
        (repository / "archive").mkdir()


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
    for name, program in (
        ("check", f"#!/bin/sh\nexec sh '{IMAGE}/check.sh'\n"),
        ("backups", f"#!/bin/sh\nexec sh '{IMAGE}/backups.sh' \"$@\"\n"),
        # The two programs of the image that a machine may lack: one reads four bytes of the cluster.
        ("pg_controldata", f"#!/bin/sh\necho 'Database system identifier:           {CLUSTER}'\n"),
        ("age-keygen", f"#!{sys.executable}\n{KEYGEN}"),
    ):
        (folders.tools / name).write_text(program)
        (folders.tools / name).chmod(0o755)
    (tmp_path / "backups").mkdir()
    return Place(
        folders.root, folders.own, folders.tools, tmp_path / "cluster", tmp_path / "backups"
    )
