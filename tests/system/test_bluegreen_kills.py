"""Whatever is killed, one colour is live, and the next call finishes or undoes."""

import os
import signal
import subprocess
import time

import pytest

from benchmarks.swap_drill.control import kill
from benchmarks.swap_drill.http_client import Sample
from benchmarks.swap_drill.load import Load
from deploy.rollout.route import Color
from tests.polling import wait_for
from tests.system.operator import Operator
from tests.system.users import unserved

STEPS = ("check", "image", "migrate", "isolate", "start", "ready", "smoke", "flip", "watch")
# In CI the two that leave most behind: a colour half made, and a flip that nobody watched.
SHORT = ("start", "flip")


def inside(sample: Sample, before: float, after: float) -> bool:
    """Say whether a request was under way when the process was killed, between these two moments."""
    return sample.started <= after + 0.2 and sample.started + sample.seconds >= before - 0.2


def test_when_the_live_color_is_killed_the_standby_takes_over(operator: Operator) -> None:
    if not operator.has_standby():
        operator.deploy_well(operator.derive("standby").image)
    color, _ = operator.live()

    with Load(operator.world, open_rate=20, think=0.1) as load:
        wait_for(lambda: len(load.samples) > 150, "the load to be under way")
        before = time.time()
        kill(operator.stack, Color(color))
        after = time.time()
        enough = len(load.samples) + 300
        wait_for(lambda: len(load.samples) > enough, "the load to go on for a while")

    failed = [sample for sample in load.samples if sample.failed and not sample.is_only_slow]
    assert [s for s in failed if not inside(s, before, after) and "slow" not in s.kind] == []
    # A GET is asked again on the standby, unless the user has the beginning of its answer already.
    asked = [s for s in failed if s.kind in {"balances", "orders", "page"}]
    assert [s for s in asked if not s.problem.startswith("IncompleteRead")] == []
    wait_for(lambda: operator.status()["advice"]["serving"], "the killed colour to be back")


@pytest.mark.parametrize("how", ["killed", pytest.param("restarted", marks=pytest.mark.slow)])
def test_a_proxy_that_comes_back_routes_as_before(operator: Operator, how: str) -> None:
    live, route = operator.live(), operator.route()

    if how == "killed":
        os.kill(int(operator.stack.inspect("proxy")["State"]["Pid"]), signal.SIGKILL)
    else:
        operator.stack.compose("restart", "--timeout", "3", "proxy")

    operator.stack.wait_ready()
    assert operator.live() == live
    assert operator.status()["route_in_process"] == route


def test_after_every_container_was_killed_the_same_release_serves(operator: Operator) -> None:
    live, route = operator.live(), operator.route()

    for service in ("proxy", "app-blue", "app-green", "db"):
        os.kill(int(operator.stack.inspect(service)["State"]["Pid"]), signal.SIGKILL)

    operator.stack.wait_ready()
    assert operator.live() == live
    assert operator.route() == route


def test_a_second_deploy_is_refused_and_told_who_deploys(operator: Operator) -> None:
    release = operator.derive("first-of-two")
    first = operator.start("deploy", "--image", release.image, "--watch-seconds", "2")
    read_until(first, "check")

    second = operator.deploy(release.image)

    assert (second.code, second.answer["cause"]) == (75, "locked")
    assert f"pid {first.pid}" in second.answer["error"]
    assert "deploy by " in second.answer["error"]
    first.send_signal(signal.SIGTERM)
    first.communicate(timeout=300)


@pytest.mark.parametrize(
    "step",
    [
        pytest.param(step, marks=() if step in SHORT else (pytest.mark.slow,), id=step)
        for step in STEPS
    ],
)
def test_a_tool_that_is_killed_leaves_one_live_color_and_the_next_call_goes_on(
    operator: Operator, step: str
) -> None:
    release = operator.derive(f"killed-after-{step}")
    before = operator.live()

    with operator.load() as load:
        kill_after(operator, step, "deploy", "--image", release.image, "--watch-seconds", "2")
        operator.settle()
        between, seen = operator.live(), operator.status()
        # After `start` by undoing, after all others by going on.
        after = operator.deploy(release.image) if step != "start" else operator.run("rollback")

    assert unserved(load.samples) == []
    assert between[1] in {before[1], release.version}
    if step in {"image", "check"}:
        assert between == before
    else:
        assert seen["interrupted"]["version"] == release.version
        assert f"the deploy of {release.version} was interrupted" in " ".join(
            seen["advice"]["lines"]
        )
    assert after.code == 0, after.stderr
    assert operator.live()[1] == (before[1] if step == "start" else release.version)
    assert operator.has_standby()
    assert operator.status()["interrupted"] is None


@pytest.mark.slow
def test_ctrl_c_undoes_what_was_begun(operator: Operator) -> None:
    before, route = operator.live(), operator.route()
    tool = operator.start("deploy", "--image", operator.derive("interrupted").image)
    read_until(tool, "isolate")

    tool.send_signal(signal.SIGTERM)
    _, stderr = tool.communicate(timeout=300)

    assert tool.returncode == 1, stderr
    assert operator.live() == before
    assert operator.route() == route
    assert operator.status()["interrupted"] is None


def kill_after(operator: Operator, step: str, *words: str) -> None:
    """Start the tool and kill it, past any clean-up, as soon as it tells that a step is done."""
    tool = operator.start(*words)
    try:
        read_until(tool, step)
    finally:
        tool.kill()
        tool.communicate(timeout=60)


def read_until(tool: subprocess.Popen[str], step: str) -> None:
    """Read the progress until a step is reported as done."""
    assert tool.stderr is not None
    told = ""
    for line in tool.stderr:
        told += line
        if f"  {step:<9} ok" in line:
            return
    raise AssertionError(f"{step} was never reached:\n{told}")
