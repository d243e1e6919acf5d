"""A migrator to call, and histories that go on after the one we ship."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from backend.config.database_url import DatabaseUrl
from backend.migrate.cli import main
from backend.migrate.history import MIGRATIONS, History
from tests.fix_missing import not_here

ROOT = Path(__file__).resolve().parents[3]

REVISION = '''"""{title}."""

import sqlalchemy as sa
from alembic import op

from backend.migrations.outside import create_index_concurrently, outside_transaction

revision = "{phase}_{level:04}"
down_revision = {down!r}
branch_labels = {labels!r}
depends_on = {depends_on!r}


def upgrade():
    {body}
'''


@dataclass(frozen=True)
class Ran:
    """How a run ended."""

    code: int
    out: str
    err: str


Migrate = Callable[..., Ran]

# How many expand revisions we ship; tests go on from there.
SHIPPED = History.of("postgres").top("expand")
SHIPPED_STEPS = [f"expand_{level:04}" for level in range(1, SHIPPED + 1)]


def step(number: int) -> str:
    """Return the name of a test's own expand revision; 0 is the last one that we ship."""
    return f"expand_{SHIPPED + number:04}"


@pytest.fixture
def migrate(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Migrate:
    """Call the command as an operator would, with the database in the environment."""

    def call(database: DatabaseUrl, *words: str | Path) -> Ran:
        monkeypatch.setenv("MIGRATE_DATABASE_URL", url_of(database))
        code = main([str(word) for word in words])
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return call


def url_of(database: DatabaseUrl) -> str:
    """Return the address with its password, as a setting would hold it."""
    return str(database) if database.engine == "sqlite" else database.conninfo()


@dataclass
class Continued:
    """A copy of the history that we ship, to which a test adds."""

    folder: Path

    def add(self, phase: str, level: int, *body: str, depends_on: str | None = None) -> None:
        """Write the next revision of a phase; `body` are the lines of its upgrade()."""
        first = level == 1
        text = REVISION.format(
            title=f"Test step {level} of {phase}",
            phase=phase,
            level=level,
            down=None if first else f"{phase}_{level - 1:04}",
            labels=(phase,) if first else None,
            depends_on=depends_on,
            body="\n    ".join(body),
        )
        (self.folder / phase).mkdir(exist_ok=True)
        (self.folder / phase / f"{level:04}_test.py").write_text(text)

    def load(self) -> History:
        """Read it as the runner does."""
        return History(self.folder)


@pytest.fixture
def history(database_url: DatabaseUrl, tmp_path: Path) -> Continued:
    """The history of this test's engine."""
    return continued(database_url.engine, tmp_path)


def continued(engine: str, tmp_path: Path) -> Continued:
    """Copy the history of one engine to where a test can add to it."""
    folder = tmp_path / "histories" / engine
    shutil.copytree(MIGRATIONS / engine, folder, ignore=shutil.ignore_patterns("__pycache__"))
    return Continued(folder)


@pytest.fixture
def drive() -> Callable[[Mapping[str, Any]], list[Any]]:
    """Hand an order to the driver, which runs migrators by the dozen."""
    if not hasattr(os, "fork"):
        not_here("the system cannot fork, so no crowd of migrators can be started")

    def drive(order: Mapping[str, Any]) -> list[Any]:
        done = subprocess.run(
            [sys.executable, "-m", "tests.integration.migrate.driver"],
            cwd=ROOT,
            input=json.dumps(order),
            capture_output=True,
            text=True,
            timeout=800,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        answer: list[Any] = json.loads(done.stdout)
        return answer

    return drive


@pytest.fixture
def sqlite(tmp_path: Path) -> DatabaseUrl:
    """A SQLite file that is not there yet."""
    return DatabaseUrl("sqlite", path=tmp_path / "data" / "test.db")
