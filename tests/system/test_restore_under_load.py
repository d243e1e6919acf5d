"""A table is lost while people write: every write acknowledged before is back, and none after."""

from collections.abc import Callable
from datetime import datetime

import pytest

from benchmarks.swap_drill.drill import stored_orders
from benchmarks.swap_drill.http_client import Sample
from benchmarks.swap_drill.load import Load
from benchmarks.swap_drill.world import World
from tests.polling import wait_for
from tests.system.stack import Stack

MakeStack = Callable[[str], Stack]


def acknowledged_before(samples: list[Sample], at: float) -> set[str]:
    # Of a slow client the pauses are not counted: when it was answered nobody knows exactly.
    known = [one for one in samples if one.key and one.kind != "slow order"]
    return {s.key for s in known if not s.is_unanswered and s.started + s.seconds < at}


def begun_after(samples: list[Sample], at: float) -> set[str]:
    return {one.key for one in samples if one.key and one.started > at}


@pytest.mark.slow
def test_a_table_that_is_dropped_under_load_comes_back_with_all_before_and_none_after(
    make_stack: MakeStack,
) -> None:
    stack = make_stack("dropped")
    stack.up()
    stack.compose("run", "--rm", "backup", "create")
    world = World.made(stack.port)

    with Load(world, open_rate=10, think=0.2) as load:
        wait_for(lambda: len(load.samples) > 400, "the load to be under way")
        moment = stack.sql("SELECT clock_timestamp()")
        stack.sql("DROP TABLE settlements CASCADE")
        enough = len(load.samples) + 200
        wait_for(lambda: len(load.samples) > enough, "the load to go on for a while")
    stack.compose("stop", "db")
    stack.compose("run", "--rm", "restore", "--to", moment, "--yes")
    stack.up()

    at, stored = datetime.fromisoformat(moment).timestamp(), stored_orders(stack).keys()
    before, after = acknowledged_before(load.samples, at), begun_after(load.samples, at)
    assert min(len(before), len(after)) > 10
    assert before - stored == set()
    assert after & stored == set()
    assert stack.sql("SELECT count(*) FROM settlements") == "0"
