"""Amounts: read strictly, written exactly."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.models.checks import MAX_AMOUNT
from backend.services.currencies import MINOR_DIGITS
from backend.services.errors import InvalidInput
from backend.services.money import display, normalise_amount, parse_amount, parse_positive, plain


@pytest.mark.parametrize(
    ("text", "currency", "minor_units"),
    [
        pytest.param("12.50", "TRY", 1250, id="two digits"),
        pytest.param("12.5", "TRY", 1250, id="one digit"),
        pytest.param("12", "TRY", 1200, id="no digits"),
        pytest.param("0012.50", "TRY", 1250, id="leading zeros"),
        pytest.param("0.01", "EUR", 1, id="smallest"),
        pytest.param("0", "EUR", 0, id="zero"),
        pytest.param("1250", "JPY", 1250, id="currency without decimals"),
        pytest.param("1.234", "KWD", 1234, id="currency with three"),
        pytest.param("10000000000.00", "TRY", 10**12, id="largest"),
    ],
)
def test_an_amount_is_read_in_the_digits_of_its_currency(text, currency, minor_units):
    assert parse_amount(text, currency, field="total") == minor_units


@pytest.mark.parametrize(
    "text",
    [
        "", " ", ".", "12.", ".5", "+1", "-1", "1e3", "1_000", "1,50", "1.234", "1,234.50",
        "1.234,50", "0x10", "NaN", "Infinity", "1e309", "１２", "٣", "1 000", "12.50\n", "12 ",
        "10000000000.01", "9" * 16, "9" * 5000,
    ],
)  # fmt: skip
def test_what_is_no_plain_amount_is_refused(text):
    with pytest.raises(InvalidInput) as refusal:
        parse_amount(text, "TRY", field="total")

    assert refusal.value.field == "total"


@pytest.mark.parametrize("code", ["", "try", "TR", "XYZ", "LIRA", "₺₺₺", "TRY "])
def test_a_currency_that_nobody_uses_is_refused(code):
    with pytest.raises(InvalidInput, match="not a currency code"):
        parse_amount("1", code, field="total")


def test_nothing_is_not_a_positive_amount():
    with pytest.raises(InvalidInput, match="more than zero"):
        parse_positive("0.00", "TRY", field="total")


@given(
    amount=st.integers(min_value=0, max_value=MAX_AMOUNT),
    currency=st.sampled_from(sorted(MINOR_DIGITS)),
)
def test_what_is_written_is_read_back_as_the_same_amount(amount, currency):
    assert parse_amount(plain(amount, currency), currency, field="total") == amount


@given(text=st.text(max_size=30), currency=st.sampled_from(sorted(MINOR_DIGITS)))
def test_no_text_is_worse_than_refused(text, currency):
    try:
        amount = parse_amount(text, currency, field="total")
    except InvalidInput:
        return

    assert 0 <= amount <= MAX_AMOUNT


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        (123450, "TRY", "₺1,234.50"),
        (-5, "EUR", "−€0.05"),
        (1234567, "JPY", "¥1,234,567"),
        (1234, "KWD", "KWD\u00a01.234"),
        (0, "USD", "$0.00"),
    ],
)
def test_people_see_amounts_with_symbol_and_thousands(amount, currency, shown):
    assert display(amount, currency) == shown


@pytest.mark.parametrize(
    ("text", "currency", "read"),
    [
        (" 12,50 ", "TRY", "12.50"),
        ("12.50", "TRY", "12.50"),
        ("1.234,50", "TRY", "1.234,50"),
        ("1,234,5", "TRY", "1,234,5"),
        ("25.1250", "KWD", "25.125"),
        ("25,1250", "KWD", "25.125"),
        ("25.1251", "KWD", "25.1251"),
        ("1.2340", "TRY", "1.2340"),
        ("1,234", "JPY", "1.234"),
    ],
)
def test_a_single_comma_is_taken_for_a_point(text, currency, read):
    assert normalise_amount(text, currency, field="total") == read


@pytest.mark.parametrize(
    ("text", "currency", "ways_out"),
    [
        ("25,000", "KWD", ("25000", "25.0")),
        ("25.125", "KWD", ("25125", "25.1250")),
        ("25.120", "KWD", ("25120", "25.12")),
        ("1.234", "TRY", ("1234", "1.23")),
        ("0,250", "IQD", ("0250", "0.25")),
    ],
)
def test_what_can_be_read_in_two_ways_is_refused_with_both(text, currency, ways_out):
    with pytest.raises(InvalidInput, match="can be read in two ways") as refusal:
        normalise_amount(text, currency, field="share-1")

    assert refusal.value.field == "share-1"
    assert refusal.value.hint == f"write it like {ways_out[0]}, or like {ways_out[1]}"
    for way_out in ways_out:
        parse_amount(normalise_amount(way_out, currency, field="total"), currency, field="total")


@given(
    whole=st.integers(min_value=0, max_value=10**7),
    fraction=st.text("0123456789", min_size=1, max_size=5),
    currency=st.sampled_from(sorted(MINOR_DIGITS)),
    separator=st.sampled_from([".", ",", "'", " ", "\u00a0", "\u202f", "٫", "٬", "·"]),
)
def test_an_amount_with_one_separator_is_never_read_a_thousand_times_too_large_or_too_small(
    whole, fraction, currency, separator
):
    digits = MINOR_DIGITS[currency]

    try:
        text = normalise_amount(f"{whole}{separator}{fraction}", currency, field="total")
        amount = parse_amount(text, currency, field="total")
    except InvalidInput:
        return

    # Whatever was taken had a decimal separator, and not as many digits as a group of thousands.
    assert separator in ".,"
    assert len(fraction) != 3
    assert Decimal(amount) == Decimal(f"{whole}.{fraction}").scaleb(digits)
