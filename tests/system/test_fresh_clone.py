"""A clone on a server that holds none of the stack's images: what the first commands build stays."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.swap_drill.load import Load
from benchmarks.swap_drill.world import World
from tests.system.operator import Operator
from tests.system.stack import new_stack
from tests.system.users import unserved


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    """Give somebody whose first `up` has just built everything."""
    with new_stack(tmp_path_factory.mktemp("clone"), "clone") as stack:
        stack.up()
        yield Operator(stack)


def test_a_second_up_recreates_nothing_and_the_first_deploy_is_not_noticed(clone: Operator) -> None:
    servers = clone.servers()

    clone.stack.up()

    assert clone.servers() == servers
    color, _ = clone.live()
    with Load(World.made(clone.stack.port), open_rate=10, think=0.2) as load:
        ended = clone.run("deploy", "--watch-seconds", "2")
    assert ended.code == 0, ended.story
    assert unserved(load.samples) == []
    kept = ("db", "proxy", f"app-{color}")
    assert {name: clone.servers()[name] for name in kept} == {n: servers[n] for n in kept}


def test_the_transfer_builds_what_it_needs_and_asks_no_registry(tmp_path: Path) -> None:
    with new_stack(tmp_path, "unbuilt") as stack:
        asked = stack.compose("run", "--rm", "-T", "transfer", "--help")

    assert "--sqlite" in asked.stdout
    assert "pull" not in asked.stderr.lower()
