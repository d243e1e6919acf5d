"""A release works on a schema from the level that it needs up to the level that it tolerates."""

import pytest

from backend.db.schema_state import NEEDS_EXPAND, TOLERATES_CONTRACT, judge


@pytest.mark.parametrize(
    ("expand", "contract", "state"),
    [
        pytest.param(NEEDS_EXPAND, TOLERATES_CONTRACT, "ok", id="its own"),
        pytest.param(NEEDS_EXPAND + 1, TOLERATES_CONTRACT, "ok", id="a later one"),
        pytest.param(NEEDS_EXPAND - 1, TOLERATES_CONTRACT, "behind", id="one expansion short"),
        pytest.param(
            NEEDS_EXPAND, TOLERATES_CONTRACT + 1, "contracted", id="one contraction too many"
        ),
    ],
)
def test_levels_are_judged_to_the_last_step(expand: int, contract: int, state: str) -> None:
    assert judge(expand, contract).state == state
