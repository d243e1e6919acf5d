"""Stopped in the middle by a person or the system: nothing has happened, a re-run does it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from backend.config.database_url import DatabaseUrl
from tests.integration.transfer.conftest import ask, contents, counts, reading, schemas
from tests.polling import PATIENCE, wait_for

ROOT = Path(__file__).resolve().parents[3]
LOADING = "SELECT count(*) FROM pg_namespace WHERE starts_with(nspname, 'tablecopy_load_')"


def started(
    source: DatabaseUrl, target: DatabaseUrl, *, seen_by: DatabaseUrl | None = None
) -> subprocess.Popen[str]:
    """Start the command and wait until it has begun to load, as another way in shows."""
    command = [sys.executable, "backend/db_transfer_sqlite_to_postgres.py"]
    process = subprocess.Popen(
        [*command, "--sqlite", str(source.path), "--batch-rows", "100"],
        cwd=ROOT,
        env={**os.environ, "MIGRATE_DATABASE_URL": target.conninfo()},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )

    def is_loading() -> object:
        assert process.poll() is None, process.communicate()
        return ask(seen_by or target, LOADING)

    wait_for(is_loading, "the load", every=0.005)
    return process


def finished(
    source: DatabaseUrl, target: DatabaseUrl, *flags: str | Path
) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    assert source.path is not None
    tool = "backend/db_transfer_sqlite_to_postgres.py"
    return subprocess.run(
        [sys.executable, tool, "--sqlite", source.path, *flags],
        cwd=ROOT,
        env={**os.environ, "MIGRATE_DATABASE_URL": target.conninfo()},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_stopped_kindly_it_takes_back_what_it_began(large, target, how) -> None:
    with reading(target):
        process = started(large, target)
        process.send_signal(how)
        _, told = process.communicate(timeout=PATIENCE)

    assert process.returncode == 130, told
    assert "stopped by the user" in told
    assert schemas(target) == ["public"]
    assert not any(counts(target).values())


def test_killed_it_leaves_the_target_as_it_was_and_the_next_run_tidies_up(large, target) -> None:
    with reading(target):
        process = started(large, target)
        process.kill()
        process.communicate(timeout=PATIENCE)
    left = [name for name in schemas(target) if name != "public"]
    before = counts(target)

    again = finished(large, target)

    assert not any(before.values())
    assert again.returncode == 0, again.stderr
    assert all(f"removed {name}, which a killed transfer had left" in again.stdout for name in left)
    assert contents(target) == contents(large)
    assert schemas(target) == ["public"]
