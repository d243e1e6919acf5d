"""A release's first seconds: when the old one comes back, and when that one is empty."""

import pytest

from deploy.rollout.counters import Served
from deploy.rollout.route import Color
from deploy.rollout.watch import Watch, is_bad
from tests.unit.rollout.fake_stack import tools


@pytest.mark.parametrize(
    ("answers", "errors", "is_undone"),
    [
        pytest.param(0, 0, False, id="nobody came"),
        pytest.param(1000, 0, False, id="all well"),
        pytest.param(1000, 2, False, id="two in a thousand"),
        pytest.param(1000, 9, False, id="less than one in a hundred"),
        pytest.param(1000, 10, True, id="one in a hundred"),
        pytest.param(1, 1, True, id="the only answer"),
        pytest.param(300, 3, True, id="three, and one percent"),
        pytest.param(301, 3, False, id="three, and less"),
        pytest.param(100, 2, False, id="two"),
        pytest.param(2, 1, True, id="every second"),
        pytest.param(3, 1, False, id="every third"),
    ],
)
def test_errors_are_weighed_against_answers(answers, errors, is_undone) -> None:
    assert is_bad(Served(answers, errors)) is is_undone


def test_the_old_colour_is_empty_when_it_was_seen_empty_twice_in_a_row(docker) -> None:
    watch = Watch(tools(docker), new=Color.GREEN)
    docker.busy["blue"] = [1, 0, 1, 0, 0]

    left = watch.finish_draining()

    assert left == 0
    assert docker.busy["blue"] == []
