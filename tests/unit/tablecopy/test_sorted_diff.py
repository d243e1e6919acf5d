"""Two sorted rows of lines, side by side."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from backend.tablecopy.row_diff import Surplus, surplus

LINES = st.lists(st.sampled_from([b"a", b"b", b"c", b"d"])).map(sorted)


def test_what_one_side_has_once_more_is_named_with_the_side():
    found = list(surplus([b"a", b"b", b"b", b"d"], [b"b", b"c", b"d", b"d"]))

    assert found == [
        Surplus(b"a", ours=True, also_elsewhere=False),
        Surplus(b"b", ours=True, also_elsewhere=True),
        Surplus(b"c", ours=False, also_elsewhere=False),
        Surplus(b"d", ours=False, also_elsewhere=True),
    ]


@given(LINES, LINES)
def test_taking_the_surplus_away_makes_both_sides_equal(ours, theirs):
    found = list(surplus(ours, theirs))

    left = Counter(ours) - Counter(one.line for one in found if one.ours)
    right = Counter(theirs) - Counter(one.line for one in found if not one.ours)
    assert left == right
    assert (
        len(found)
        == (Counter(ours) - Counter(theirs)).total() + (Counter(theirs) - Counter(ours)).total()
    )
