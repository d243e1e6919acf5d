"""Deploying and rolling back as an operator does, with users on the stack."""

from hashlib import sha256

import pytest

from benchmarks.swap_drill.http_client import Call, Caller
from benchmarks.swap_drill.releases import SHIPPED
from tests.polling import wait_for
from tests.system.broken_releases import FAILING_MIGRATION, NEXT_REVISION
from tests.system.operator import Operator
from tests.system.stack import Stack, docker
from tests.system.users import unserved

STEPS = [
    *("check", "image", "migrate", "isolate", "start", "ready"),
    *("smoke", "flip", "watch", "drain", "standby", "drills", "prune"),
]


def password_of(operator: Operator, color: str) -> str:
    """Return a digest of the password that a colour's database role has."""
    path = f"/run/secrets/app-{color}/password"
    return sha256(operator.stack.exec(f"app-{color}", "cat", path).stdout.encode()).hexdigest()


def test_the_checkout_is_deployed_and_a_later_up_changes_nothing(operator: Operator) -> None:
    color, version = operator.live()
    idle = "green" if color == "blue" else "blue"
    password = password_of(operator, idle)
    with (operator.stack.root / "backend/__init__.py").open("a", encoding="utf-8") as file:
        file.write("# the next release\n")

    with operator.load() as load:
        ended = operator.run("deploy", "--watch-seconds", "2")

    assert ended.code == 0, ended.stderr
    assert unserved(load.samples) == []
    assert operator.live() == (idle, ended.answer["version"])
    assert ended.answer["version"] != version
    assert operator.route() == f"{idle}_{color}"
    assert password_of(operator, idle) != password
    assert [step["name"] for step in ended.answer["steps"] if step["ok"]] == STEPS
    assert all(f"{name:<9} ok" in ended.stderr for name in STEPS)
    assert operator.run("history").answer[-1]["event"] == "finished"
    servers = operator.servers()
    operator.stack.up()
    assert operator.servers() == servers
    assert operator.live() == (idle, ended.answer["version"])


def test_releases_with_a_migration_come_and_go_back_one_by_one(operator: Operator) -> None:
    first = operator.live()
    second = operator.deploy_well(operator.derive("second", NEXT_REVISION).image)
    expanded = operator.stack.sql("SELECT expand_level FROM schema_state")
    old = next(c for c in operator.status()["colors"] if c["color"] == first[0])
    third = operator.deploy_well(operator.derive("third", NEXT_REVISION).image)
    servers = operator.servers()

    with operator.load() as load:
        to_second = operator.run("rollback")
        at_second, route, servers_at_second = operator.live(), operator.route(), operator.servers()
        to_first = operator.run("rollback")

    assert expanded == str(SHIPPED + 1)
    assert (old["version"], old["role"], old["ready"]) == (first[1], "standby", True)
    # Once: a flip to the warm standby. What was rolled back may not take over.
    assert (to_second.code, to_second.answer["previous"]) == (0, third["version"]), to_second.stderr
    assert at_second == (second["live"], second["version"])
    assert route == f"{second['live']}_none"
    # Drills are looked at by what serves; everybody else goes on as before.
    assert servers_at_second.pop("drill-check") != servers.pop("drill-check")
    assert servers_at_second == servers
    # Twice: not forward to what was rolled back, but one good release further back.
    assert to_first.code == 0, to_first.stderr
    assert operator.live()[1] == first[1]
    assert unserved(load.samples) == []


@pytest.mark.slow
def test_only_the_last_five_releases_keep_their_image(operator: Operator) -> None:
    docker("tag", f"{operator.stack.name}:blue", f"{operator.stack.name}:somebody-elses")
    operator.deploy_well(operator.derive("kept").image)

    history = operator.run("history").answer
    tags = {image.rpartition(":")[2] for image in operator.stack.images()}

    kept = {record["version"] for record in history} & tags
    assert len(kept) <= 5 + 1  # what runs stays too, however old
    assert "somebody-elses" in tags


def test_a_forged_address_changes_nothing(operator: Operator) -> None:
    forged = {"X-Forwarded-For": "203.0.113.7", "X-Real-IP": "203.0.113.7"}
    caller = Caller(operator.stack.port, keep_alive=False)

    caller.call(Call("page", "GET", "/login", headers=forged))

    assert "203.0.113.7" not in operator.stack.logs("app-blue", "app-green")


def test_rollback_after_a_failed_build_brings_the_last_good_release_back(
    operator: Operator,
) -> None:
    stack = operator.stack
    operator.deploy_well(operator.derive("good").image)
    good = operator.live()[1]
    docker("tag", operator.derive("broken", *FAILING_MIGRATION.changes).image, f"{stack.name}:made")
    for tag in ("blue", "green", "migrate"):
        docker("tag", f"{stack.name}:made", f"{stack.name}:{tag}")
    assert stack.compose("up", "--detach", check=False).returncode != 0
    assert stack.status("/api/live") == 503

    ended = operator.run("rollback")

    assert ended.code == 0, ended.stderr
    assert stack.status("/api/ready") == 200
    assert operator.live()[1] == good
    assert operator.route() in {"blue_green", "green_blue"}
    servers = operator.servers()
    stack.up()
    assert operator.servers() == servers


def test_without_a_stack_every_command_says_how_to_start_one(built: Stack) -> None:
    for command in ("status", "deploy", "rollback", "history"):
        ended = Operator(built).run(command)

        assert (ended.code, ended.answer["cause"]) == (69, "stack_unavailable")
        assert "up -d" in ended.answer["hint"]


def test_status_answers_while_half_of_the_stack_is_down(operator: Operator) -> None:
    color, _ = operator.live()
    operator.stack.compose("stop", "--timeout", "3", "proxy", "db")
    try:
        ended = operator.run("status")
    finally:
        operator.stack.up()

    assert ended.code == 3
    assert ended.answer["route"].startswith(color)
    assert not ended.answer["advice"]["serving"]
    said = " ".join(ended.answer["advice"]["lines"])
    assert "proxy is exited" in said
    assert "db is exited" in said
    wait_for(lambda: operator.run("status").answer["advice"]["serving"], "all to be well")
