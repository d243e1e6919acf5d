"""The disk of the data is full while people write: a small one in memory, so that it really is."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from benchmarks.swap_drill.drill import stored_orders
from benchmarks.swap_drill.http_client import Sample
from benchmarks.swap_drill.load import Load
from benchmarks.swap_drill.report import judge_ledger
from benchmarks.swap_drill.world import World
from tests.polling import wait_for
from tests.system.archive import wait_for_archive
from tests.system.backup_tool import BackupTool
from tests.system.stack import Stack, docker

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

MakeStack = Callable[[str], Stack]
DATA = "/var/lib/postgresql/data"
DISK = "driver_opts: {{type: tmpfs, device: tmpfs, o: 'size={size}m,{more}'}}"
# Laid over the production file.
SMALL_DATA = f"""
volumes:
  pgdata: {{{DISK.format(size=600, more="uid=999,gid=999,mode=0700")}}}
"""
OVERLAY = "deploy/small-disk.yml"
# Whatever is free but a few kB, in a file that nobody else writes to.
FILL = "cd {folder} && {{ head -c 1T /dev/zero >ballast 2>/dev/null || true; }}"


@contextmanager
def small_disk(stack: Stack, overlay: str) -> Iterator[Stack]:
    """Give the stack up, on a disk that is small."""
    (stack.root / OVERLAY).write_text(overlay, encoding="utf-8")
    stack.overlays = (OVERLAY,)
    stack.up()
    wait_for_archive(stack)
    yield stack


def test_a_full_data_volume_loses_no_acknowledged_write_and_no_backup(
    make_stack: MakeStack,
) -> None:
    with small_disk(make_stack("dense"), SMALL_DATA) as stack:
        tool, world = BackupTool(stack), World.made(stack.port)
        good = tool.answer("create", "--type", "full")["name"]

        with Load(world, open_rate=5, think=0.3) as load:
            stack.exec("db", "sh", "-c", FILL.format(folder=DATA))
            wait_for(lambda: refused(load.samples), "a write that finds no room", seconds=300)
            drilled = tool.answer("drill", good)
            remove_ballast(stack)
            stack.up()
            at = time.time()
            wait_for(lambda: served_since(load.samples, at), "writes to be taken again")

        assert "No space left on device" in stack.logs("db")
        assert drilled["clean"]
        assert judge_ledger(load.samples, stored_orders(stack)).is_exact
        assert tool.answer("create", "--type", "diff")["kind"] == "diff"
        assert tool.answer("drill")["clean"]


def refused(samples: list[Sample]) -> bool:
    return any(one.key and one.is_unanswered for one in samples)


def served_since(samples: list[Sample], at: float) -> bool:
    return any(one.key and not one.failed and one.started > at for one in samples)


def remove_ballast(stack: Stack) -> None:
    """Make room in the volume, from a container of its own: the database may not be running."""
    docker(
        *("run", "--rm", "--network", "none", "--entrypoint", "rm"),
        *("--volume", f"{stack.name}_pgdata:{DATA}", f"{stack.name}-db:17", f"{DATA}/ballast"),
    )
