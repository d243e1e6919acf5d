"""Amounts of money: integer minor units inside, decimal strings outside, floats nowhere."""

from __future__ import annotations

import re

from backend.models.checks import MAX_AMOUNT
from backend.services.currencies import MINOR_DIGITS, SYMBOLS, known_currency
from backend.services.errors import InvalidInput

# ASCII digits only: \d would also take the digits of forty other scripts.
_AMOUNT = re.compile(r"([0-9]{1,15})(?:\.([0-9]+))?")
_TWO_READINGS = re.compile(r"([0-9]+)[.,]([0-9]{3})")
# The digits of a dinar; and with a fourth one, three digits that can be no thousands.
_THREE = 3
_FOURTH_ZERO = re.compile(r"[0-9]+\.[0-9]{3}0")


def parse_amount(text: str, currency: str, *, field: str) -> int:
    """Return the minor units that a decimal string like 12.50 means in `currency`.

    No sign, no exponent, no thousands separators: what could be read in two ways is refused.
    """
    digits = MINOR_DIGITS[known_currency(currency)]
    match = _AMOUNT.fullmatch(text)
    if match is None:
        raise InvalidInput(
            f"{text[:20]!r} is not an amount", field=field, hint=f"write it like {_example(digits)}"
        )
    whole, fraction = match.group(1), match.group(2) or ""
    if len(fraction) > digits:
        raise InvalidInput(
            f"{currency} has {digits} digits after the point, found {len(fraction)}",
            field=field,
            hint=f"write it like {_example(digits)}, thousands without a separator",
        )
    amount = int(whole + fraction.ljust(digits, "0"))
    if amount > MAX_AMOUNT:
        raise InvalidInput(f"is more than {plain(MAX_AMOUNT, currency)}", field=field)
    return amount


def parse_positive(text: str, currency: str, *, field: str) -> int:
    """Return the minor units of an amount that must not be zero."""
    amount = parse_amount(text, currency, field=field)
    if amount == 0:
        raise InvalidInput("must be more than zero", field=field)
    return amount


def normalise_amount(text: str, currency: str, *, field: str) -> str:
    """Return an amount as people type it in the form that `parse_amount` reads.

    A comma is a decimal point to most of the world. One separator before exactly three digits is
    a decimal point to one half of the readers and a thousands separator to the other.

    Raises:
        InvalidInput: it can be read in two ways.
    """
    text = text.strip()
    digits = MINOR_DIGITS.get(currency, 0)
    two_readings = _TWO_READINGS.fullmatch(text)
    if digits and two_readings:
        whole, fraction = two_readings.groups()
        decimal = _unmistakable(whole, fraction[:digits])
        raise InvalidInput(
            f"{text[:20]!r} can be read in two ways",
            field=field,
            hint=f"write it like {whole}{fraction}, or like {decimal}",
        )
    if text.count(",") == 1 and "." not in text:
        text = text.replace(",", ".")
    return text[:-1] if digits == _THREE and _FOURTH_ZERO.fullmatch(text) else text


def _unmistakable(whole: str, fraction: str) -> str:
    """Return a decimal amount without exactly three digits behind its point."""
    fraction = fraction.rstrip("0") or "0"
    return f"{whole}.{fraction}0" if len(fraction) == _THREE else f"{whole}.{fraction}"


def plain(amount: int, currency: str) -> str:
    """Return an amount as a decimal string in the currency's own digits: 1234.50."""
    digits = MINOR_DIGITS[currency]
    sign = "-" if amount < 0 else ""
    whole, fraction = divmod(abs(amount), 10**digits)
    return f"{sign}{whole}.{fraction:0{digits}d}" if digits else f"{sign}{whole}"


def display(amount: int, currency: str) -> str:
    """Return an amount for people: ₺1,234.50."""
    digits = MINOR_DIGITS[currency]
    sign = "−" if amount < 0 else ""
    whole, fraction = divmod(abs(amount), 10**digits)
    number = f"{whole:,}.{fraction:0{digits}d}" if digits else f"{whole:,}"
    # A no-break space, so that an amount never ends a line without its currency.
    return sign + SYMBOLS.get(currency, f"{currency}\u00a0") + number


def _example(digits: int) -> str:
    return f"12.{'5'.ljust(digits, '0')}" if digits else "1250"
