"""Tables come after what they refer to, however many there are."""

from itertools import pairwise

import pytest

from backend.schema.order import parents_first


@pytest.mark.parametrize(
    ("parents", "groups"),
    [
        pytest.param({}, (), id="nothing"),
        pytest.param({"b": {"a"}, "a": set()}, (("a",), ("b",)), id="a parent"),
        pytest.param({"a": {"a"}}, (("a",),), id="itself"),
        pytest.param({"a": {"elsewhere"}}, (("a",),), id="a table that does not travel"),
        pytest.param({"a": {"c"}, "b": {"a"}, "c": {"b"}}, (("a", "b", "c"),), id="a circle"),
        pytest.param(
            {"a": {"b"}, "b": {"a", "z"}, "c": {"a"}, "z": set()},
            (("z",), ("a", "b"), ("c",)),
            id="a circle between two others",
        ),
    ],
)
def test_parents_come_first(parents, groups) -> None:
    assert parents_first(parents) == groups


def test_ten_thousand_tables_in_a_row_are_ordered() -> None:
    # Each refers to the one whose name comes after its own: the worst order to meet them in.
    names = [f"t{number:05}" for number in range(10_000)]
    parents = {one: {other} for one, other in pairwise(names)}

    groups = parents_first({**parents, names[-1]: set()})

    assert groups == tuple((name,) for name in reversed(names))
