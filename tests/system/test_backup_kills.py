"""Kills of whatever takes part in a backup: the last good one still comes back, the next is made."""

import os
import secrets
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

import pytest

from benchmarks.backup.host_loss import kill_servers
from tests.polling import wait_for
from tests.seeds import seeded
from tests.system.backup_tool import KILL_A_DRILL, KILLED, PROGRAM, BackupTool
from tests.system.person import Person
from tests.system.stack import Stack, new_stack

# The service itself is another command of the same program.
TOOL = "db_backup.py (create|drill)"
PARTS = ("backup", "drill", "restore", "postgres", "containers")
KILLS = 20


def begin(stack: Stack, *words: str) -> subprocess.Popen[bytes]:
    """Begin a command of the tool in the service's container."""
    there = ("docker", "exec", stack.container("backup"), *PROGRAM, *words)
    return subprocess.Popen(there, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def kill_database(stack: Stack) -> None:
    os.kill(int(stack.inspect("db")["State"]["Pid"]), signal.SIGKILL)


def is_backing_up(tool: BackupTool) -> bool:
    return bool(tool.shell("ls ../pgbackrest-locks/app-backup*.lock 2>/dev/null || true"))


def newest_backup(tool: BackupTool) -> str:
    """Return a backup that can be proved: one that other tests have made, or a new one."""
    there = [one["name"] for one in tool.answer("list")["backups"] if not one["note"]]
    return there[-1] if there else str(tool.answer("create")["name"])


def test_a_killed_drill_is_cleared_up_by_the_next_one(stack: Stack) -> None:
    tool = BackupTool(stack)
    made = newest_backup(tool)

    killed = wait_for(lambda: tool.killed(KILL_A_DRILL), "the service to end its job", every=1)
    left = tool.shell("ls /scratch")
    again = tool.answer("drill")

    assert (killed, "cluster" in left.split()) == (KILLED, True)
    assert (again["backup"], again["clean"]) == (made, True)
    assert "cluster" not in tool.shell("ls /scratch").split()


def test_a_database_that_is_killed_during_a_backup_costs_that_backup_alone(stack: Stack) -> None:
    tool = BackupTool(stack)
    good = newest_backup(tool)
    wait_for(lambda: not is_backing_up(tool), "the service to make no backup of its own")
    process = begin(stack, "create", "--type", "full")
    wait_for(lambda: is_backing_up(tool) or process.poll() is not None, "pgBackRest at work")

    kill_database(stack)
    code = process.wait(timeout=300)
    stack.wait_ready()

    assert code in {69, 75}
    assert tool.answer("drill", good)["clean"]
    assert tool.answer("create", "--type", "diff")["kind"] == "diff"


@dataclass
class Victim:
    """A stack with one good backup, and somebody whose groups are the ledger."""

    stack: Stack
    tool: BackupTool
    person: Person
    good: str

    def kill(self, part: str, draw: Random) -> None:
        """Kill a part at a moment that is drawn, while it works."""
        delay = draw.uniform(0.5, 8)
        if part == "restore":
            self._kill_restore(delay)
            return
        process = begin(self.stack, *(("drill",) if part == "drill" else ("create",)))
        time.sleep(delay)  # the moment is what is tried
        if part == "postgres":
            kill_database(self.stack)
        elif part == "containers":
            kill_servers(self.stack)
        else:
            self.stack.exec("backup", "pkill", "-KILL", "-f", TOOL, check=False)
        process.wait(timeout=300)

    def _kill_restore(self, delay: float) -> None:
        """Kill it with all that it has started: they end with its container."""
        self.stack.compose("stop", "db")
        restore = " ".join((*PROGRAM, "restore", "--to", self.good, "--yes"))
        script = f"{restore} & sleep {delay:.2f}; kill -9 $! || true"
        self.stack.compose("run", "--rm", "--entrypoint", "sh", "restore", "-c", script)

    def groups(self) -> set[str]:
        return {group["name"] for group in self.person.get("groups")["items"]}

    def has_ended(self) -> bool:
        """Tell whether nothing that a kill has left alone works on the backups any more."""
        return self.tool.run("create", "--type", "diff").returncode == 0


@pytest.fixture(scope="module")
def victim(built: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Victim]:
    with new_stack(tmp_path_factory.mktemp("victim"), "victim", images_of=built) as stack:
        stack.up()
        person, tool = Person.signed_up(stack), BackupTool(stack)
        person.post("groups", name="before", currency="TRY")
        good = tool.answer("create", "--type", "full")["name"]
        yield Victim(stack, tool, person, good)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(KILLS))
def test_a_kill_at_any_moment_loses_neither_data_nor_backup(victim: Victim, number: int) -> None:
    draw = seeded(f"kill {number}")
    part = PARTS[number % len(PARTS)]
    name = f"group {secrets.token_hex(4)}"
    victim.person.post("groups", name=name, currency="TRY")
    there = victim.groups()

    victim.kill(part, draw)
    victim.stack.up()

    # A restore that had come to its switch has brought the older state back, and nothing else.
    allowed = [there, {"before"}] if part == "restore" else [there]
    assert victim.groups() in allowed
    assert wait_for(victim.has_ended, "the next backup", every=2)
    assert victim.tool.answer("drill")["clean"]
    assert victim.tool.answer("drill", victim.good)["clean"]
    assert victim.tool.run("verify").returncode == 0
