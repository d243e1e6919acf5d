"""Numbers are written without losing or inventing a digit."""

from decimal import Decimal
from fractions import Fraction

import apsw
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from backend.values.decimals import decimals, plain
from backend.values.float_text import shortest_double

DECIMALS = st.decimals(allow_nan=False, allow_infinity=False)
DOUBLES = st.floats(allow_nan=False, allow_infinity=False).filter(bool)


@given(DECIMALS)
@example(Decimal("-0.00"))
@example(Decimal("1E+30"))
def test_a_decimal_written_plainly_is_the_same_number(number):
    scale = max(decimals(number), 0)

    text = plain(number, scale)

    assert Fraction(text) == Fraction(number)
    assert "E" not in text
    assert len(text.partition(".")[2]) == scale


@pytest.mark.parametrize(
    ("number", "scale", "text"),
    [
        ("12.5", 2, "12.50"),
        ("-0.5", 1, "-0.5"),
        ("0", 2, "0.00"),
        ("-0", 0, "0"),
        ("1E2", 0, "100"),
    ],
)
def test_a_decimal_gets_as_many_decimals_as_asked_for(number, scale, text):
    assert plain(Decimal(number), scale) == text


@given(DOUBLES)
def test_the_shortest_decimal_stands_for_the_number_and_is_no_longer_than_need_be(number):
    shortest = shortest_double(number)

    assert float(shortest) == number
    assert len(shortest.normalize().as_tuple().digits) <= 17


@given(DOUBLES)
@example(0.1 + 0.2)
@example(999999999999999.9)
def test_this_sqlite_writes_a_real_number_so_that_it_reads_back(number):
    # The casts rest on it; older ones write fifteen digits and lose the others.
    (text,) = next(apsw.Connection(":memory:").execute("SELECT ? || ''", (number,)))

    assert float(text) == number
