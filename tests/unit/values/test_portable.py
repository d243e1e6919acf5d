"""Which values are in the one form in which a sync carries them, and which come to be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.values.kinds import ValueKind
from backend.values.portable import all_valid, is_valid, normalised

VALID = {
    ValueKind.UUID: "01a212280533" + "7" * 20,
    ValueKind.MOMENT: "2026-02-28 23:59:59.000001",
    ValueKind.DATE: "2026-02-28",
    ValueKind.FLAG: 1,
    ValueKind.WHOLE: -(2**63),
    ValueKind.TEXT: "Ağır & 'ödeme'\n",
    ValueKind.NAIVE: "2026-02-28 23:59:59.000001",
    ValueKind.REAL: 0.1,
    ValueKind.DECIMAL: "12.5",
    ValueKind.OTHER: b"\xff",
}
ODD_TEXTS: list[object] = [
    "2026-02-30 10:00:00.000000", "2026-02-28 24:00:00.000000", "2026-02-28T10:00:00.000000",
    "2026-02-28 10:00:00", "2026-02-30", "2026-2-3", "A" * 32, "g" * 32, "a" * 31, "a" * 32 + "\n",
    "٢" * 32, "٢٠٢٦-02-28", "1", "", "2026-02-28\n2026-02-28", f"{'a' * 32}\n{'b' * 32}",
    "2026-02-28 10:00:00.000000\n2026-02-28 10:00:00.000000",
]  # fmt: skip
ODD: list[object] = [*ODD_TEXTS, "a\0b", "\udcff", b"x", 2, True, 1.0]
# Of the odd values, those that are right for a kind.
RIGHT: dict[ValueKind, list[object]] = {
    ValueKind.WHOLE: [2],
    ValueKind.REAL: [1.0],
    ValueKind.DECIMAL: ["1"],
    ValueKind.TEXT: ODD_TEXTS,
    ValueKind.OTHER: [*ODD_TEXTS, b"x", 2, 1.0],
}
# Several forms are one number, so that each is looked at.
TOGETHER = [kind for kind in ValueKind if kind is not ValueKind.DECIMAL]


@pytest.mark.parametrize("kind", TOGETHER)
def test_valid_values_are_so_beside_nothing(kind) -> None:
    assert all_valid(kind, [None, VALID[kind], None, VALID[kind]])
    assert all_valid(kind, [])


@pytest.mark.parametrize("kind", ValueKind)
def test_a_valid_value_is_so_by_itself(kind) -> None:
    assert is_valid(kind, VALID[kind])
    assert not is_valid(kind, None)


@pytest.mark.parametrize("kind", ValueKind)
@pytest.mark.parametrize("odd", ODD, ids=ascii)
def test_one_that_is_not_valid_is_found_by_itself_and_among_others(kind, odd) -> None:
    right = any(odd == one and type(odd) is type(one) for one in RIGHT.get(kind, []))

    assert is_valid(kind, odd) == right
    assert all_valid(kind, [VALID[kind], odd, VALID[kind]]) <= right


@pytest.mark.parametrize("kind", ValueKind)
@given(values=st.lists(st.sampled_from([*ODD, *VALID.values()]) | st.text(), max_size=3))
def test_what_is_valid_together_is_so_one_by_one(kind, values) -> None:
    mixed = [VALID[kind], *values, None]

    if all_valid(kind, mixed):
        assert all(value is None or is_valid(kind, value) for value in mixed)


def test_no_number_is_not_a_number() -> None:
    assert not is_valid(ValueKind.REAL, float("nan"))


@pytest.mark.parametrize(
    ("kind", "value", "form"),
    [
        (ValueKind.MOMENT, "2026-02-28T10:00:00Z", "2026-02-28 10:00:00.000000"),
        (ValueKind.MOMENT, "2026-02-28 10:00:00.5+03:00", "2026-02-28 07:00:00.500000"),
        (ValueKind.NAIVE, "2026-02-28", "2026-02-28 00:00:00.000000"),
        (ValueKind.MOMENT, "yesterday", ""),
        (ValueKind.MOMENT, "0001-01-01 00:00:00+03:00", ""),
        (ValueKind.MOMENT, 1772272800, ""),
        (ValueKind.DECIMAL, 12, "12"),
        (ValueKind.DECIMAL, 0.1, "0.1"),
        (ValueKind.DECIMAL, "12.500", "12.5"),
        (ValueKind.DECIMAL, "1e3", "1000"),
        (ValueKind.DECIMAL, "-0.0", "0"),
        (ValueKind.DECIMAL, "Infinity", ""),
        (ValueKind.DECIMAL, "twelve", ""),
        (ValueKind.DECIMAL, b"12", ""),
        (ValueKind.UUID, "A" * 32, ""),
        (ValueKind.TEXT, 5, ""),
    ],
)
def test_another_way_to_write_a_value_becomes_the_one_form(kind, value, form) -> None:
    assert normalised(kind, value) == form
