"""A clone on a server that holds none of the stack's images: what the first commands build stays."""

import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.operator import Operator
from tests.system.stack import Stack, new_stack, run
from tests.system.users import unserved


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    """Give somebody whose first `up` has just built everything."""
    with new_stack(tmp_path_factory.mktemp("clone"), "clone") as stack:
        stack.up()
        yield Operator(stack)
    assert list(stack.root.parent.iterdir()) == [stack.root], "something was left beside the clone"


def test_a_second_up_recreates_nothing_and_the_first_deploy_is_not_noticed(clone: Operator) -> None:
    servers = clone.servers()

    clone.stack.up()

    assert clone.servers() == servers
    with clone.load() as load:
        ended = clone.run("deploy", "--watch-seconds", "2")
    assert ended.code == 0, ended.stderr
    assert unserved(load.samples) == []
    assert kept(clone, servers) == set(servers) - {f"app-{ended.answer['live']}"}


def test_a_deploy_leaves_a_changed_database_alone_and_says_how_to_bring_it_there(
    clone: Operator,
) -> None:
    stack, servers = clone.stack, clone.servers()
    stack.configure(DB_MEMORY="900m")
    change_a_line_of_secrets(stack)

    with clone.load() as load:
        ended = clone.run("deploy", "--watch-seconds", "2")

    assert ended.code == 0, ended.stderr
    assert unserved(load.samples) == []
    assert kept(clone, servers) == set(servers) - {f"app-{ended.answer['live']}"}
    assert "db is not what the compose files and .env describe now" in ended.stderr
    assert differences(clone) == ["db"]
    servers = clone.servers()
    [left_alone] = ended.answer["left_alone"]
    run(*shlex.split(left_alone["command"]), cwd=stack.root)
    assert kept(clone, servers) == set(servers) - {"db"}
    servers = clone.servers()
    stack.up()
    assert kept(clone, servers) == set(servers)
    assert differences(clone) == []


def kept(operator: Operator, servers: dict[str, str]) -> set[str]:
    """Return the servers that still have their container."""
    now = operator.servers()
    return {name for name, container in servers.items() if now[name] == container}


def differences(operator: Operator) -> list[str]:
    """Return the servers that a plain `up` would replace, as `status` sees it."""
    return [difference["service"] for difference in operator.status()["differences"]]


def change_a_line_of_secrets(stack: Stack) -> None:
    """Edit what a one-shot is allowed, as a pull may do."""
    file = stack.root / "deploy/docker-compose.prod.pg.yml"
    before = "    cap_add: [CHOWN, DAC_OVERRIDE]\n"
    text = file.read_text(encoding="utf-8")
    assert text.count(before) == 1
    file.write_text(text.replace(before, f"{before}    pids_limit: 150\n"), encoding="utf-8")


def test_the_transfer_builds_what_it_needs_and_asks_no_registry(tmp_path: Path) -> None:
    with new_stack(tmp_path, "unbuilt") as stack:
        asked = stack.compose("run", "--rm", "-T", "transfer", "--help")

    assert "--sqlite" in asked.stdout
    assert "pull" not in asked.stderr.lower()
