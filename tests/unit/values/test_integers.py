"""Whole numbers that are stored as real, where a real stands for one of them alone and where not."""

import math

import pytest

from backend.values.conversion import BadValueError
from backend.values.integers import whole

LARGEST = 2.0**53


@pytest.mark.parametrize(
    ("value", "number"),
    [
        pytest.param(LARGEST, 9007199254740992, id="the largest"),
        pytest.param(-LARGEST, -9007199254740992, id="the smallest"),
        pytest.param(math.nextafter(LARGEST, 0), 9007199254740991, id="the one before"),
    ],
)
def test_a_real_up_to_two_to_the_53_is_a_whole_number(value, number):
    assert whole(value) == number


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(math.nextafter(LARGEST, math.inf), id="too large"),
        pytest.param(-math.nextafter(LARGEST, math.inf), id="too small"),
        pytest.param(2.0**62, id="far too large"),
    ],
)
def test_a_real_beyond_it_may_have_been_another_number(value):
    with pytest.raises(BadValueError, match="not a whole number"):
        whole(value)
