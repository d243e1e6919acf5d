"""What must become true is seen twice: once may be the moment between two states."""

from deploy.rollout.route import Color
from deploy.rollout.waits import ReachableCheck, wait_drained
from tests.unit.rollout.fake_stack import tools


def test_a_colour_that_was_seen_well_once_has_not_arrived(docker) -> None:
    arrival = ReachableCheck(tools(docker), Color.GREEN)

    assert [arrival(), arrival()] == [False, True]


def test_a_bad_look_in_between_begins_anew(docker) -> None:
    arrival = ReachableCheck(tools(docker), Color.GREEN)
    arrival()
    docker.down.add("app-green")
    arrival()
    docker.down.clear()

    assert [arrival(), arrival()] == [False, True]


def test_a_colour_is_empty_when_it_was_seen_empty_twice_in_a_row(docker) -> None:
    docker.busy["green"] = [1, 0, 1, 0, 0]

    left = wait_drained(tools(docker), Color.GREEN)

    assert left == 0
    assert docker.busy["green"] == []
