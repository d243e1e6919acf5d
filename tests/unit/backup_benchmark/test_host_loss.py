"""What a lost host took with it is told by a pure function, which is shown losses."""

import pytest

from benchmarks.backup.host_loss import judge_loss
from benchmarks.swap_drill.http_client import Sample

# Acknowledged at 11, 21 and 31; nobody knows what became of the last one.
SAMPLES = [
    Sample("add order", 10.0, 1.0, "", "a"),
    Sample("orders", 12.0, 1.0, ""),
    Sample("add order", 20.0, 1.0, "", "b"),
    Sample("add order", 28.0, 3.0, "took 3.0 s", "c"),
    Sample("add order", 31.0, 0.5, "RemoteDisconnected: ", "d"),
]

KILLED = 33.0


@pytest.mark.parametrize(
    ("stored", "lost", "doubled", "oldest"),
    [
        pytest.param({"a": 1, "b": 1, "c": 1}, 0, 0, 0.0, id="nothing"),
        pytest.param({"a": 1, "b": 1, "c": 1, "d": 1}, 0, 0, 0.0, id="the unknown one is there"),
        pytest.param({"a": 1, "b": 1}, 1, 0, 2.0, id="the last one"),
        pytest.param({"a": 1, "c": 1}, 1, 0, 12.0, id="one in the middle"),
        pytest.param({}, 3, 0, 22.0, id="all"),
        pytest.param({"a": 1, "b": 2, "c": 1}, 0, 1, 0.0, id="one is there twice"),
        pytest.param(
            {"a": 1, "b": 1, "c": 1, "of an earlier host": 2}, 0, 0, 0.0, id="others' are not ours"
        ),
    ],
)
def test_what_is_missing_and_how_old_it_is(stored, lost, doubled, oldest) -> None:
    loss = judge_loss(SAMPLES, stored, KILLED, 1.0)

    assert (loss.acknowledged, loss.lost, loss.doubled) == (3, lost, doubled)
    assert loss.oldest_seconds == oldest


@pytest.mark.parametrize(
    ("stored", "seconds", "held"),
    [
        pytest.param({"a": 1, "b": 1}, 2.0, True, id="what was lost is young"),
        pytest.param({"a": 1}, 11.0, False, id="what was lost is older"),
        pytest.param({}, 60.0, False, id="everything is lost, however short people had written"),
    ],
)
def test_a_promise_is_held_where_something_older_came_back(stored, seconds, held) -> None:
    assert judge_loss(SAMPLES, stored, KILLED, 1.0).is_within(seconds) is held
