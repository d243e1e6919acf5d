"""The lock of a stack: one rollout at a time, whoever starts it.

The lock is a small container with a fixed name that waits for its standard input to be closed.
The engine refuses a second container of that name, so it holds for everybody who uses this
engine; and it ends when the tool ends, however that happens. The tool's children keep the input
open too: after a kill -9 the lock lasts until the tool's last command is done.
"""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from deploy.rollout import commands
from deploy.rollout.errors import LockedError, StackUnavailableError
from deploy.rollout.history import operator_name
from deploy.rollout.runner import Runner
from deploy.rollout.stack import Stack

LABEL = "hesap.rollout.holder"
# A tool that was killed a moment ago lets go within this time.
ACQUIRE_SECONDS = 6.0


def lock_name(stack: Stack) -> str:
    """Return the name that only one container can have."""
    return f"{stack.project}-rollout-lock"


def describe_holder(purpose: str) -> str:
    """Return the holder's description, which others see when the lock is taken."""
    started = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return f"{purpose} by {operator_name()}, pid {os.getpid()}, since {started}"


@contextmanager
def hold_lock(runner: Runner, stack: Stack, purpose: str) -> Iterator[None]:
    """Hold the stack's lock; LockedError names the holder if another rollout has it."""
    holder = _acquire(runner, stack, describe_holder(purpose))
    pipe = holder.stdin
    if pipe is None:  # never: the runner gives every held command a pipe
        raise StackUnavailableError("the lock's container has no standard input")
    runner.inherit(pipe)
    try:
        yield
    finally:
        runner.release(pipe)
        holder.communicate(timeout=30)


def lock_holder(runner: Runner, stack: Stack) -> str:
    """Return who holds the lock; empty if it is free."""
    state = _inspect(runner, stack)
    return str(state["holder"]) if state and state["running"] else ""


def _acquire(runner: Runner, stack: Stack, me: str) -> subprocess.Popen[str]:
    deadline = time.monotonic() + ACQUIRE_SECONDS
    while True:
        holder = runner.hold(
            commands.hold_lock(lock_name(stack), stack.images["proxy"], {LABEL: me})
        )
        if holder.stdout and holder.stdout.readline().strip() == "held":
            return holder
        _, said = holder.communicate(timeout=30)
        if "already in use" not in said and "Conflict" not in said:
            raise StackUnavailableError("the lock's container did not start", evidence=said.strip())
        _clear_ended(runner, stack)
        if time.monotonic() > deadline:
            raise _refusal(runner, stack)
        time.sleep(0.5)


def _refusal(runner: Runner, stack: Stack) -> LockedError:
    return LockedError(
        f"another rollout holds the lock: {lock_holder(runner, stack) or 'it has just begun'}",
        hint="wait until it has ended; `status` shows how far it is",
    )


def _clear_ended(runner: Runner, stack: Stack) -> None:
    """Remove a lock that outlived its engine; the engine refuses to remove one that runs."""
    state = _inspect(runner, stack)
    if state and state["ended"]:
        runner.run(commands.remove_ended(lock_name(stack)))


def _inspect(runner: Runner, stack: Stack) -> dict[str, object] | None:
    result = runner.run(commands.inspect(lock_name(stack)))
    if not result.ok:
        return None
    found = json.loads(result.out)[0]
    return {
        "holder": found["Config"]["Labels"].get(LABEL, "somebody"),
        "running": found["State"]["Status"] in {"running", "created"},
        "ended": found["State"]["Status"] in {"exited", "dead"},
    }
