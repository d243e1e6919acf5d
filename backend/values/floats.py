"""Binary fractions, written as Postgres writes them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from backend.values.conversion import BadValueError, Conversion, SqlCase, Uses, any_case
from backend.values.decimals import decimal, decimals, plain, short_reals
from backend.values.float_text import as_single, shortest_double, shortest_single

_EXACT = 2**53
_PLAIN = 1e-4, 1e15


@dataclass(frozen=True)
class Double(Conversion):
    """`double precision`."""

    # Postgres writes an exponent from so many digits before the point.
    fixed_digits: ClassVar[int] = 15

    def sql_cases(self, name: str) -> tuple[SqlCase, ...]:
        """Take reals that fifteen digits describe, and integers that are not large."""
        inside = f" AND {name} > -1e{self.fixed_digits} AND {name} < 1e{self.fixed_digits}"
        reals = (SqlCase(case.condition + inside, case.text) for case in short_reals(name))
        return *reals, SqlCase(f"typeof({name}) = 'integer'{inside}", name)

    def sql_is_valid(self, name: str) -> str:
        """Hold for every real number, and for integers that are not large."""
        return f"typeof({name}) = 'real' OR ({self.sql_cases(name)[-1].condition})"

    def text(self, value: int | float | str | bytes, uses: Uses) -> str:  # noqa: ARG002
        """Take numbers that are stored exactly, and decimals that somebody wrote as text."""
        number = _as_float(value)
        if number == 0:
            return "0"
        if math.isinf(number):
            return "Infinity" if number > 0 else "-Infinity"
        if _PLAIN[0] <= abs(number) < _PLAIN[1]:
            # Python writes these as Postgres does, but for a zero behind the point.
            return repr(number).removesuffix(".0")
        return self._written(shortest_double(number))

    def _written(self, number: Decimal) -> str:
        power = number.adjusted()
        if -4 <= power < self.fixed_digits:
            return plain(number, max(decimals(number), 0))
        sign, digits, _ = number.normalize().as_tuple()
        first, rest = str(digits[0]), "".join(map(str, digits[1:]))
        mantissa = f"{first}.{rest}" if rest else first
        return f"{'-' if sign else ''}{mantissa}e{'-' if power < 0 else '+'}{abs(power):02}"


@dataclass(frozen=True)
class Single(Double):
    """`real`, which keeps fewer digits than SQLite does: takes only what loses none."""

    fixed_digits: ClassVar[int] = 6

    def sql_cases(self, name: str) -> tuple[SqlCase, ...]:
        """Take integers that are not large."""
        return super().sql_cases(name)[-1:]

    def sql_is_valid(self, name: str) -> str:
        """Hold for those integers."""
        return any_case(self.sql_cases(name))

    def text(self, value: int | float | str | bytes, uses: Uses) -> str:
        """Take a number whose digits are all kept."""
        number = _as_float(value)
        if number == 0 or math.isinf(number):
            return super().text(number, uses)
        single = as_single(number)
        if math.isinf(single):
            raise BadValueError("is too large for real")
        # Kept are the number itself, or the decimal that somebody wrote and Python shows.
        if single != number and (not single or shortest_single(single) != Decimal(repr(number))):
            raise BadValueError("has more digits than real keeps, which is 6 to 9")
        return self._written(shortest_single(single))


def _as_float(value: int | float | str | bytes) -> float:
    if isinstance(value, float):
        return value
    if isinstance(value, int) and abs(value) > _EXACT and int(float(value)) != value:
        raise BadValueError("is a whole number with more digits than the column keeps")
    number = decimal(value)
    found = float(number)
    if math.isinf(found) or (isinstance(value, str) and number != Decimal(repr(found))):
        raise BadValueError("has more digits than the column keeps")
    return found
