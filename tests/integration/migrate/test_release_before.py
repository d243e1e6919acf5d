"""The release from before a revision works on the schema that comes after it."""

import io
import json
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from backend.config.database_url import DatabaseUrl
from backend.migrate import upgrade
from tests.integration.migrate.conftest import SHIPPED
from tests.live_server import SECRET_KEY, environment_for

ROOT = Path(__file__).resolve().parents[3]
NEWEST = max((ROOT / "backend/migrations/sqlite/expand").glob("*.py"))
USE = """
import json, os
from backend.app import create_app
from backend.config.settings import load_settings

client = create_app(load_settings(os.environ)).test_client()
ready = client.get("/api/ready")
person = {"email": "old@example.com", "password": "a few good words"}
made = client.post("/api/v1/auth/signup", json=person | {"display_name": "Old"})
wrong = client.post("/api/v1/auth/login", json=person | {"password": "something else"})
token = client.post("/api/v1/auth/login", json=person).get_json()["token"]
bearer = {"Authorization": f"Bearer {token}"}
group = client.post("/api/v1/groups", json={"name": "Flat", "currency": "TRY"}, headers=bearer)
print(json.dumps([
    ready.status_code, ready.get_json()["schema"]["expand_level"], made.status_code,
    wrong.status_code, group.status_code,
]))
"""


@pytest.fixture(scope="session")
def release_before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code as it was before the newest revision, out of the history of this checkout."""
    added = _git("log", "--diff-filter=A", "--format=%H", "--", str(NEWEST)).decode().split()
    # A revision that is not committed yet comes after all that is.
    archive = _git("archive", f"{added[-1]}^" if added else "HEAD", "backend")
    if not archive:
        pytest.skip("the history of this checkout does not go back to the release before")
    folder = tmp_path_factory.mktemp("before")
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        tar.extractall(folder, filter="data")
    return folder


def test_the_release_before_serves_on_the_new_schema(
    database_url: DatabaseUrl, release_before: Path
) -> None:
    upgrade(database_url)

    used = _run(release_before, database_url, "-c", USE)
    migrated = _run(release_before, database_url, "backend/db_migrate.py")

    assert json.loads(used) == [200, SHIPPED, 201, 401, 201]
    assert "the schema is that of a later release and still fits this one" in migrated


def _run(folder: Path, database: DatabaseUrl, *words: str) -> str:
    environment = {"SECRET_KEY": SECRET_KEY, **environment_for(database)}
    done = subprocess.run(
        [sys.executable, *words], cwd=folder, env=environment, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def _git(*words: str) -> bytes:
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, check=False)
    return done.stdout if done.returncode == 0 else b""
