"""`deploy/postgres`: one command, and the app runs on it by the lines its README gives."""

import json
import os
import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from tests.ports import free_port
from tests.system.stack import ROOT, run

FOLDER = ROOT / "deploy" / "postgres"
HEALTH = """
import os
from backend.app import create_app
from backend.config.settings import load_settings
print(create_app(load_settings(os.environ)).test_client().get("/api/health").text)
"""


@dataclass(frozen=True)
class Local:
    """A started copy of deploy/postgres, on a port of its own."""

    folder: Path
    project: str
    port: int

    def compose(self, *args: str) -> subprocess.CompletedProcess[str]:
        command = ("docker", "compose", "-p", self.project, *args)
        env = {**os.environ, "PG_PORT": str(self.port)}
        return subprocess.run(
            command, cwd=self.folder, env=env, check=True, capture_output=True, text=True
        )

    @property
    def password_file(self) -> Path:
        return self.folder / "local" / "password"


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    folder = tmp_path_factory.mktemp("local") / "postgres"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("password"))
    prefix = os.environ.get("TEST_STACK_PREFIX", "hesap-test")
    started = Local(folder, f"{prefix}-local-{secrets.token_hex(3)}", free_port())
    try:
        started.compose("up", "--detach", "--wait")
        yield started
    finally:
        started.compose("down", "--volumes")


def connect(local: Local, *, host: str, password: str) -> psycopg.Connection:
    return psycopg.connect(
        host=host,
        port=local.port,
        user="hesap_paylas",
        dbname="hesap_paylas",
        password=password,
        connect_timeout=30,
    )


def test_password_is_random_and_for_its_owner_only(local: Local) -> None:
    assert len(local.password_file.read_text().strip()) == 32
    assert oct(local.password_file.stat().st_mode)[-3:] == "600"
    assert local.password_file.stat().st_uid == local.folder.stat().st_uid


def test_wrong_password_is_refused(local: Local) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        connect(local, host="127.0.0.1", password="hesap_paylas")


def test_it_listens_on_loopback_only(local: Local) -> None:
    container = local.compose("ps", "--quiet", "postgres").stdout.strip()

    [found] = json.loads(run("docker", "inspect", container).stdout)

    bound = found["NetworkSettings"]["Ports"]["5432/tcp"]
    assert bound == [{"HostIp": "127.0.0.1", "HostPort": str(local.port)}]


def test_the_app_runs_on_it_by_the_lines_of_the_readme(local: Local) -> None:
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    exported = dict(
        re.findall(r"\b(\w+)=(\S+)", " ".join(re.findall(r"^export (.*)", readme, re.M)))
    )
    exported |= {"PG_PORT": str(local.port), "PG_PASSWORD_FILE": str(local.password_file)}
    migrate = re.search(r"^python (backend/db_migrate\.py .*)$", readme, re.M)
    assert migrate is not None
    env = {**os.environ, **exported, "SECRET_KEY": secrets.token_urlsafe(48)}

    for command in (migrate[1].split(), ["-c", HEALTH]):
        result = subprocess.run(
            [sys.executable, *command],
            cwd=ROOT,
            env=env,
            check=True,
            capture_output=True,
            text=True,
        )

    health = json.loads(result.stdout)
    assert (health["status"], health["engine"]) == ("ok", "postgres")
