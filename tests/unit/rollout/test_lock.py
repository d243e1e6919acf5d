"""The lock of a stack: who holds it, and when it ends."""

import json
import os
import sys

import pytest

from deploy.rollout import lock
from deploy.rollout.errors import LockedError, StackUnavailableError
from deploy.rollout.runner import Command, Result, Runner
from deploy.rollout.stack import Stack

STACK = Stack("shop", {"migrate": "shop:migrate", "proxy": "shop-proxy:3.0"}, "http://127.0.0.1")


class FakeLockEngine(Runner):
    """Stand in for Docker: a held command is a Python of ours, everything else is answered here."""

    def __init__(self, script: str, state: str = "running") -> None:
        super().__init__()
        self.script = script
        self.state = state
        self.commands: list[Command] = []

    def run(self, command, **_options):
        self.commands.append(command)
        described = [
            {
                "Config": {"Labels": {lock.LABEL: "deploy by ana@server, pid 7"}},
                "State": {"Status": self.state},
            }
        ]
        return Result(0, json.dumps(described), "")

    def hold(self, command):
        self.commands.append(command)
        return super().hold((sys.executable, "-c", self.script))


HELD = "import sys; print('held', flush=True); sys.stdin.read()"
TAKEN = "import sys; sys.exit('Conflict. The container name is already in use')"


def test_children_keep_the_lock_while_it_is_held_and_it_ends_afterwards():
    docker = FakeLockEngine(HELD)

    with lock.hold_lock(docker, STACK, "deploy"):
        held = list(docker.inherited)
        os.fstat(held[0])

    assert len(held) == 1
    assert docker.inherited == []
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(held[0])


def test_a_taken_lock_names_its_holder(monkeypatch):
    monkeypatch.setattr(lock, "ACQUIRE_SECONDS", 0.0)

    with (
        pytest.raises(LockedError, match="deploy by ana@server, pid 7"),
        lock.hold_lock(FakeLockEngine(TAKEN), STACK, "deploy"),
    ):
        pass


@pytest.mark.parametrize("state", ["created", "running"])
def test_a_lock_that_runs_or_is_about_to_is_left_alone(monkeypatch, state):
    monkeypatch.setattr(lock, "ACQUIRE_SECONDS", 0.0)
    docker = FakeLockEngine(TAKEN, state=state)

    with pytest.raises(LockedError), lock.hold_lock(docker, STACK, "deploy"):
        pass

    assert [command for command in docker.commands if "rm" in command[:3]] == []


def test_a_lock_that_outlived_its_engine_is_removed(monkeypatch):
    monkeypatch.setattr(lock, "ACQUIRE_SECONDS", 0.1)
    docker = FakeLockEngine(TAKEN, state="exited")

    with pytest.raises(LockedError), lock.hold_lock(docker, STACK, "deploy"):
        pass

    assert ("docker", "container", "rm", "shop-rollout-lock") in docker.commands


def test_another_failure_is_not_taken_for_a_taken_lock():
    docker = FakeLockEngine("import sys; sys.exit('no such image')")

    with (
        pytest.raises(StackUnavailableError) as caught,
        lock.hold_lock(docker, STACK, "deploy"),
    ):
        pass

    assert "no such image" in caught.value.evidence
