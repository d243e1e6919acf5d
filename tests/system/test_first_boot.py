"""A database container killed during its first boot: one more `up`, and somebody can sign up."""

import secrets
import subprocess
import time
from collections.abc import Callable

import pytest

from tests.polling import wait_for
from tests.system.person import Person
from tests.system.stack import Stack, docker, run

MakeStack = Callable[[str], Stack]

# What initdb says. A line reaches the log when its stage is over, so each kill falls into the stage
# after the one that is named, and the last stages, which take long, are still to come.
STAGES = ("creating subdirectories", "creating configuration files", "running bootstrap script")
KILLS = 30
PROVEN = 10


def test_killed_in_three_stages_of_initdb_it_heals_at_one_up(make_stack: MakeStack) -> None:
    stack = make_stack("killed")
    inside = 0

    for stage in STAGES:
        begin_first_boot(stack)
        wait_for(lambda: stage in log_of_database(stack), stage)  # noqa: B023 - used at once
        kill_database(stack)
        if fell_inside_initdb(stack):
            inside += 1
        else:  # a fast machine was done before the signal came: the next stage needs a new boot
            take_database_away(stack)

    assert inside > 0
    stack.up()
    Person.signed_up(stack)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_thirty_kills_at_spread_moments_all_heal(make_stack: MakeStack) -> None:
    stack = make_stack("spread")
    stack.configure(WEB_WORKERS="1")
    whole = seconds_of_first_boot(stack)
    inside = 0

    for number in range(KILLS):
        take_database_away(stack)
        begin_first_boot(stack)
        time.sleep(whole * number / KILLS)  # the moment is what is tried, not a wait for something
        kill_database(stack)
        inside += fell_inside_initdb(stack)
        stack.up()
        Person.signed_up(stack)
        print(f"kill {number + 1} of {KILLS} healed; inside initdb so far: {inside}")

    print(f"{KILLS} kills within {whole:.1f} s, {inside} inside initdb, 0 that did not heal")
    assert inside >= PROVEN


def begin_first_boot(stack: Stack) -> None:
    """Start the database and return as soon as its container runs."""
    stack.compose("up", "--detach", "--force-recreate", "db")


def log_of_database(stack: Stack) -> str:
    # The engine answers sooner than Compose: what is seen in the log is to be just over.
    said = run("docker", "logs", stack.container("db"))
    return said.stdout + said.stderr


def kill_database(stack: Stack) -> None:
    docker("kill", "--signal", "KILL", stack.container("db"))


def fell_inside_initdb(stack: Stack) -> bool:
    """Tell whether the volume holds a cluster that was begun and none that is whole."""
    listed = docker(
        *("run", "--rm", "--network", "none", "--entrypoint", "ls"),
        *("--volume", f"{stack.name}_pgdata:/var/lib/postgresql/data:ro"),
        *(f"{stack.name}-db:17", "/var/lib/postgresql/data"),
    ).split()
    return listed == ["cluster.new"]


def seconds_of_first_boot(stack: Stack) -> float:
    """Measure from the container's start until the server is ready."""
    begin_first_boot(stack)
    started = time.monotonic()
    wait_for(lambda: "ready to accept connections" in log_of_database(stack), "the first boot")
    return time.monotonic() - started


def take_database_away(stack: Stack) -> None:
    """Leave everything as it is but the database's container, volume and note."""
    stack.compose("run", "--rm", "secrets", "forget-cluster")
    stack.compose("rm", "--stop", "--force", "db", "secrets")
    docker("volume", "rm", f"{stack.name}_pgdata")


def test_cluster_of_another_major_version_is_refused_and_left_alone(make_stack: MakeStack) -> None:
    stack = make_stack("older")
    begin_first_boot(stack)
    wait_for(lambda: "ready to accept connections" in log_of_database(stack), "the database")
    stack.compose("stop", "db")
    in_volume(stack, "echo 16 > /var/lib/postgresql/data/cluster/PG_VERSION")

    refused = stack.compose("up", "--detach", check=False)

    assert refused.returncode != 0
    assert "exit 77" in refused.stderr
    assert "was made by PostgreSQL 16, this image is PostgreSQL 17" in stack.logs("secrets")
    assert run_database(stack).returncode == 77


def test_folder_that_holds_no_cluster_is_refused_and_left_alone(make_stack: MakeStack) -> None:
    stack = make_stack("foreign")
    stack.compose("run", "--rm", "secrets")
    word = secrets.token_hex(8)
    in_volume(
        stack,
        f"mkdir -p /var/lib/postgresql/data/cluster; echo {word} > /var/lib/postgresql/data/cluster/notes",
    )

    refused = run_database(stack)

    assert refused.returncode == 77
    assert "PG_VERSION is missing" in refused.stderr
    assert in_volume(stack, "cat /var/lib/postgresql/data/cluster/notes") == word


def test_an_emptied_data_folder_is_missed_until_somebody_says_to_begin_anew(
    own_stack: Stack,
) -> None:
    own_stack.compose("stop", "--timeout", "5", "app-blue", "app-green", "db")
    in_volume(own_stack, "rm -rf /var/lib/postgresql/data/cluster")

    refused = own_stack.compose("up", "--detach", check=False)
    by_itself = run_database(own_stack)

    assert "exit 77" in refused.stderr
    assert "the data is gone" in own_stack.logs("secrets")
    assert by_itself.returncode == 77
    assert in_volume(own_stack, "ls /var/lib/postgresql/data") == ""
    own_stack.compose("run", "--rm", "secrets", "forget-cluster")
    own_stack.up()
    Person.signed_up(own_stack)


def in_volume(stack: Stack, script: str) -> str:
    return docker(
        *("run", "--rm", "--network", "none", "--entrypoint", "sh"),
        *("--volume", f"{stack.name}_pgdata:/var/lib/postgresql/data"),
        *(f"{stack.name}-db:17", "-c", script),
    )


def run_database(stack: Stack) -> subprocess.CompletedProcess[str]:
    return stack.compose("run", "--rm", "--no-deps", "db", check=False, timeout=60)
