"""Disks that are full while people write: of the backups, and of the data.

Both disks are small ones in memory here, so that they are really full.
"""

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
QUEUE_MIB = 64
DATA = "/var/lib/postgresql/data"
DISK = "driver_opts: {{type: tmpfs, device: tmpfs, o: 'size={size}m,{more}'}}"
# Laid over the production file. With its last container a disk in memory goes, and so `secrets`
# cannot prepare it. The folder of the backups becomes a volume, on every service.
SMALL_BACKUPS = f"""
services:
  secrets: {{volumes: ["small:/backups"]}}
  db: {{volumes: ["small:/backups"]}}
  backup: {{volumes: ["small:/backups"]}}
volumes:
  small: {{{DISK.format(size=300, more="uid=999,gid=999,mode=2750")}}}
"""
SMALL_DATA = f"""
volumes:
  pgdata: {{{DISK.format(size=600, more="uid=999,gid=999,mode=0700")}}}
"""
OVERLAY = "deploy/small-disk.yml"
# Whatever is free but a few kB, in a file that nobody else writes to.
FILL = "cd {folder} && {{ head -c 1T /dev/zero >ballast 2>/dev/null || true; }}"
# A segment is full of what is written or of nothing: the queue counts it whole.
SEGMENT = 16 * 2**20
WRITE_A_SEGMENT = "SELECT pg_logical_emit_message(true, '', ''), pg_switch_wal()"
WAITING = "SELECT count(*) FROM pg_ls_archive_statusdir() WHERE name LIKE '%.ready'"


@contextmanager
def small_disk(stack: Stack, overlay: str) -> Iterator[Stack]:
    """Give the stack up, on a disk that is small."""
    (stack.root / OVERLAY).write_text(overlay, encoding="utf-8")
    stack.overlays = (OVERLAY,)
    stack.configure(BACKUP_QUEUE_MAX=f"{QUEUE_MIB}MiB")
    stack.up()
    wait_for_archive(stack)
    yield stack


def waiting(stack: Stack) -> int:
    return int(stack.sql(WAITING)) * SEGMENT


def written(stack: Stack) -> int:
    return int(stack.sql("SELECT pg_current_wal_lsn() - '0/0'"))


def test_a_full_repository_costs_points_in_time_and_no_write(make_stack: MakeStack) -> None:
    with small_disk(make_stack("full"), SMALL_BACKUPS) as stack:
        tool, world = BackupTool(stack), World.made(stack.port)
        good = tool.answer("create", "--type", "full")["name"]
        tool.answer("drill")
        tool.shell(FILL.format(folder="/backups"))
        begun = written(stack)

        with Load(world, open_rate=2, think=1) as load:
            while written(stack) - begun < 3 * QUEUE_MIB * 2**20:
                stack.sql(WRITE_A_SEGMENT, "postgres")
            alarm = "no point in time since"
            wait_for(lambda: alarm in tool.run("health").stdout, alarm, every=2)

        failed = [one for one in load.samples if one.failed and not one.is_only_slow]
        assert failed == []
        assert judge_ledger(load.samples, stored_orders(stack)).is_exact
        # What waited for longer was dropped, so that the disk of the data does not fill up.
        assert waiting(stack) <= QUEUE_MIB * 2**20 + 2 * SEGMENT
        assert any(alarm in one for one in tool.answer("status")["warnings"])

        tool.shell("rm /backups/ballast")
        wait_for(lambda: is_healed(tool, good), "a full, proved backup", seconds=600, every=3)
        wait_for(lambda: tool.run("health").returncode == 0, "the service to be well", every=2)
        assert tool.answer("drill", good)["clean"]


def is_healed(tool: BackupTool, good: str) -> bool:
    done = tool.run("list", "--json")
    newest = tool.answer("list")["backups"][-1] if done.returncode == 0 else {}
    return newest.get("name") != good and newest.get("proven_at") is not None


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
