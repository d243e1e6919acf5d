"""Splitting loses nothing and favours nobody."""

import uuid
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from backend.services.split import split_by_weight, split_equally

MEMBERS = st.lists(st.uuids(), min_size=1, max_size=30, unique=True)
TOTALS = st.integers(min_value=0, max_value=10**12)


@given(total=TOTALS, members=MEMBERS, order_id=st.uuids())
def test_equal_parts_add_up_and_differ_by_one_unit_at_most(total, members, order_id):
    parts = split_equally(total, members, order_id=order_id)

    assert sum(parts.values()) == total
    assert set(parts) == set(members)
    assert max(parts.values()) - min(parts.values()) <= 1


@given(
    total=TOTALS,
    weights=st.dictionaries(st.uuids(), st.integers(1, 10**6), min_size=1, max_size=30),
    order_id=st.uuids(),
)
def test_weighted_parts_add_up_and_are_off_by_less_than_one_unit(total, weights, order_id):
    parts = split_by_weight(total, weights, order_id=order_id)

    everything = sum(weights.values())
    assert sum(parts.values()) == total
    for member, part in parts.items():
        assert abs(part * everything - total * weights[member]) < everything


@given(total=TOTALS, members=MEMBERS, order_id=st.uuids())
def test_the_order_in_which_members_are_named_does_not_matter(total, members, order_id):
    forwards = split_equally(total, members, order_id=order_id)
    backwards = split_equally(total, members[::-1], order_id=order_id)

    assert forwards == backwards


def test_the_larger_remainder_gets_the_unit():
    small, large = uuid.UUID(int=1), uuid.UUID(int=2)

    parts = split_by_weight(100, {small: 1, large: 2}, order_id=uuid.UUID(int=0))

    assert parts == {small: 33, large: 67}


def test_the_odd_unit_goes_round_over_many_orders():
    members = [uuid.UUID(int=number) for number in range(3)]

    lucky: Counter[uuid.UUID] = Counter()
    for number in range(300):
        parts = split_equally(100, members, order_id=uuid.UUID(int=number))
        lucky.update(member for member, part in parts.items() if part == 34)

    assert set(lucky.values()) == {100}
