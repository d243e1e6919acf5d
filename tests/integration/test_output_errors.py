"""A disk that is full under what a command writes, or nobody who reads it: no traceback."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fix_missing import not_here

ROOT = Path(__file__).resolve().parents[2]
FULL = Path("/dev/full")


@pytest.fixture
def full_device() -> Path:
    """A file on which there is never room."""
    if not FULL.exists():
        not_here("the system has no /dev/full")
    return FULL


@pytest.fixture
def two_files(sqlite_template, tmp_path) -> list[str]:
    """A database at home and another one, as the sync is told of them."""
    paths = [shutil.copyfile(sqlite_template, tmp_path / name) for name in ("a.db", "b.db")]
    return ["--local", f"sqlite:///{paths[0]}", "--remote", f"sqlite:///{paths[1]}"]


def called(*words: str | Path, **where: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # type: ignore[call-overload, no-any-return] # keywords of one kind
        [sys.executable, *words],
        cwd=ROOT,
        env={**os.environ, "SECRET_KEY": "x" * 40},
        text=True,
        timeout=120,
        check=False,
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **where},
    )


def test_a_full_disk_under_the_log_of_a_sync_does_not_end_it(two_files, full_device) -> None:
    ran = called("sync_databases.py", "local2render", *two_files, "--log", str(full_device))

    assert ran.returncode == 0, ran.stderr
    assert "Traceback" not in ran.stderr
    assert ran.stderr.count("the log /dev/full cannot be written any more: No space left") == 1


def test_a_full_disk_under_the_answer_is_said(two_files, full_device) -> None:
    with full_device.open("w") as full:
        ran = called("sync_databases.py", "status", *two_files, stdout=full)

    assert ran.returncode == 69
    assert "error: No space left on device" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert "Exception ignored" not in ran.stderr


def test_a_full_disk_under_the_errors_leaves_the_exit_code(two_files, full_device) -> None:
    with full_device.open("w") as full:
        ran = called("sync_databases.py", "nonsense", *two_files, stderr=full)

    assert ran.returncode == 2


def test_nobody_who_reads_the_answer_is_not_complained_of(two_files) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as pipe:
        ran = called("sync_databases.py", "status", *two_files, stdout=pipe)

    assert ran.returncode == 1
    assert ran.stderr == ""
