"""A worker ends when its parent is gone, in the middle of a statement of either side."""

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from tests.fix_missing import not_here
from tests.integration.tablecopy.carrying import write
from tests.integration.tablecopy.endless import SECONDS
from tests.polling import wait_for

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def parent(tmp_path, empty_target):
    """A process with two workers that are told to do what does not end."""
    if not Path("/proc/self/cmdline").exists():
        not_here("nobody tells here which processes there are")
    path, begun = tmp_path / "a.db", tmp_path / "begun"
    write(path, "CREATE TABLE t (id INTEGER PRIMARY KEY)")
    begun.touch()
    order = {"path": str(path), "conninfo": empty_target.conninfo, "begun": str(begun)}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.integration.tablecopy.endless"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps(order) + "\n")
    process.stdin.close()
    yield process, begun
    process.kill()
    process.wait()
    for pid in pids(begun):
        if is_alive(pid):
            os.kill(pid, signal.SIGKILL)


def pids(begun: Path) -> list[int]:
    return [int(line) for line in begun.read_text().split()]


def is_alive(pid: int) -> bool:
    with suppress(OSError):
        return b"forkserver" in (Path("/proc") / str(pid) / "cmdline").read_bytes()
    return False


def test_a_worker_does_not_outlive_its_parent_whatever_it_is_doing(parent):
    process, begun = parent
    wait_for(lambda: len(pids(begun)) == 2, "two workers at work")
    assert all(is_alive(pid) for pid in pids(begun))

    process.kill()
    process.wait()

    wait_for(
        lambda: not any(is_alive(pid) for pid in pids(begun)), "their end", seconds=SECONDS / 2
    )
