"""Exact decimals: no digit is rounded away, and none of a binary fraction is made up."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from backend.values.conversion import BadValueError, Conversion, SqlCase, Uses, any_case

# An exponent says exactly one number too; Python writes one for very large and small decimals.
_WRITTEN = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]{1,6})?", re.ASCII)
# As many digits as every real number keeps: up to here its text is what somebody wrote.
_DIGITS = 15
# What numeric can hold, before and behind the point.
MOST_DIGITS, MOST_DECIMALS = 131_072, 16_383


@dataclass(frozen=True)
class Fixed(Conversion):
    """`numeric(precision, scale)`: always that many decimals, on both sides."""

    def sql_cases(self, name: str) -> tuple[SqlCase, ...]:
        """Take integers, and reals without a further decimal; too large ones Postgres refuses."""
        if self._scale < 0:
            return ()
        zeros = f" || '.{'0' * self._scale}'" if self._scale else ""
        whole = SqlCase(f"typeof({name}) = 'integer'", f"{name}{zeros}")
        return (self._real(name), whole) if 0 < self._scale < _DIGITS else (whole,)

    def sql_is_valid(self, name: str) -> str:
        """Hold where a case applies and the number fits."""
        limit = f"1e{self._whole_digits} - 1"
        return f"({any_case(self.sql_cases(name))}) AND {name} BETWEEN -({limit}) AND {limit}"

    def text(self, value: int | float | str | bytes, uses: Uses) -> str:  # noqa: ARG002
        """Take numbers in any storage class."""
        number = decimal(value)
        if decimals(number) > self._scale:
            kept = f"{self._scale} of them" if self._scale > 0 else "none"
            raise BadValueError(f"has more decimals than the column keeps, which is {kept}")
        if abs(number) >= Decimal(10) ** self._whole_digits:
            raise BadValueError(f"is too large for {self.column.type.full}")
        return plain(number, max(self._scale, 0))

    def _real(self, name: str) -> SqlCase:
        """Take reals that stand for a number of as many decimals as the column keeps.

        Up to 1e15 of its smallest units, such a number times 10^scale is whole and kept exactly: it
        is found by rounding, and dividing it gives the real that reading the number gave.
        """
        limit, unit = f"1e{_DIGITS - self._scale}", f"1e{self._scale}"
        real = f"typeof({name}) = 'real' AND {name} BETWEEN -{limit} AND {limit}"
        kept = f"{name} = round({name} * {unit}) / {unit}"
        return SqlCase(f"{real} AND {kept}", f"printf('%.{self._scale}f', {name})")

    @property
    def _scale(self) -> int:
        return self.column.type.scale or 0

    @property
    def _whole_digits(self) -> int:
        return (self.column.type.precision or MOST_DIGITS) - self._scale


@dataclass(frozen=True)
class Unbounded(Conversion):
    """`numeric`: any number of decimals, compared without zeros at the end."""

    postgres_sql: ClassVar[str] = "trim_scale({})"

    def sql_cases(self, name: str) -> tuple[SqlCase, ...]:
        """Take integers and reals that fifteen digits describe."""
        return SqlCase(f"typeof({name}) = 'integer'", name), *short_reals(name)

    def text(self, value: int | float | str | bytes, uses: Uses) -> str:  # noqa: ARG002
        """Take numbers in any storage class."""
        number = decimal(value)
        if number.adjusted() >= MOST_DIGITS or decimals(number) > MOST_DECIMALS:
            raise BadValueError("has more digits than numeric can hold")
        return plain(number, max(decimals(number), 0))


def short_reals(name: str) -> tuple[SqlCase, SqlCase]:
    """Take reals whose text on both sides is the same: whole ones, and those of 15 digits."""
    whole = f"CAST({name} AS INTEGER)"
    small = f"typeof({name}) = 'real' AND {name} BETWEEN -1e{_DIGITS} AND 1e{_DIGITS}"
    # SQLite writes fifteen digits where they suffice, else seventeen, and so at least 18 signs.
    short = f"abs({name}) >= 1e-4 AND length(abs({name})) <= {_DIGITS + 2}"
    return SqlCase(f"{small} AND {name} = {whole}", whole), SqlCase(f"{small} AND {short}", name)


def decimal(value: int | float | str | bytes) -> Decimal:
    """Return the decimal number that a value is; of a real the shortest that stands for it.

    Raises:
        BadValueError: it is none.
    """
    if isinstance(value, int):
        return Decimal(value)
    if isinstance(value, float) and math.isfinite(value):
        return Decimal(repr(value))
    if isinstance(value, str) and _WRITTEN.fullmatch(value):
        return Decimal(value)
    raise BadValueError("is not a decimal number")


def decimals(number: Decimal) -> int:
    """Return how many decimals a number needs; negative where zeros stand before the point."""
    _, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int)  # noqa: S101 - only infinities have none
    if not number:
        return -MOST_DIGITS
    text = "".join(map(str, digits))
    return -exponent - (len(text) - len(text.rstrip("0")))


def plain(number: Decimal, scale: int) -> str:
    """Return a number with so many decimals, which suffice for it, without an exponent."""
    sign, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int)  # noqa: S101 - only infinities have none
    written = "".join(map(str, digits))
    shift = exponent + scale
    written = written + "0" * shift if shift >= 0 else written[:shift]
    written = written.lstrip("0").rjust(scale + 1, "0")
    whole, fraction = written[: len(written) - scale], written[len(written) - scale :]
    return f"{'-' if sign and number else ''}{whole}{'.' if scale else ''}{fraction}"
