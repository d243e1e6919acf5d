"""Docker's engine looks up the names; when it is busy or restarted, nobody has moved."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.system.person import Person
from tests.system.stack import Stack

# Longer than the proxy once held an address that nobody confirmed, and than a look-up takes to fail.
SECONDS = 15
NAME_SERVICE = "127.0.0.11"


@contextmanager
def no_names(stack: Stack, *services: str) -> Iterator[None]:
    """Let every question for a name get lost on its way from these services to the engine."""
    drop = ("OUTPUT", "--destination", NAME_SERVICE, "--jump", "DROP")
    pids = [str(stack.inspect(service)["State"]["Pid"]) for service in services]
    try:
        for pid in pids:
            in_network(pid, "iptables", "--wait", "--insert", *drop)
        yield
    finally:
        for pid in pids:
            in_network(pid, "iptables", "--wait", "--delete", *drop)


def in_network(pid: str, *command: str) -> None:
    """Run a command of the host in the network of a process."""
    subprocess.run(["nsenter", "--target", pid, "--net", *command], check=True)


def test_people_are_served_while_no_name_can_be_looked_up(stack: Stack) -> None:
    ana = Person.signed_up(stack)
    group = ana.post("groups", name="Flat", currency="TRY")["id"]

    with no_names(stack, "app-blue", "app-green", "proxy"):
        until = time.monotonic() + SECONDS
        names = []
        while time.monotonic() < until:
            assert stack.status("/api/ready") == 200
            names.append(ana.get(f"groups/{group}")["name"])

    assert set(names) == {"Flat"}


def test_a_question_that_is_lost_is_asked_again_after_a_second(stack: Stack) -> None:
    options = stack.exec("app-blue", "cat", "/etc/resolv.conf").stdout

    assert "timeout:1" in options
