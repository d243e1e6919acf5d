"""Whole numbers and booleans."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from backend.values.conversion import BadValueError, Conversion, SqlCase, Uses

_WRITTEN = re.compile(r"-?(0|[1-9][0-9]*)", re.ASCII)
_BITS = {"smallint": 16, "integer": 32, "bigint": 64}
# No real number beyond it stands for one whole number alone.
_EXACT = 2**53
_YES = frozenset({"1", "t", "true"})
_NO = frozenset({"0", "f", "false"})


@dataclass(frozen=True)
class Whole(Conversion):
    """`smallint`, `integer`, `bigint`."""

    def sql_cases(self, name: str) -> tuple[SqlCase, ...]:
        """Take integers; Postgres refuses one that is too large for the column."""
        return (SqlCase(f"typeof({name}) = 'integer'", name),)

    def sql_is_valid(self, name: str) -> str:
        """Hold for an integer that fits."""
        low, high = self._limits()
        fits = f"{name} BETWEEN {low} AND {high}" if self._bits() < max(_BITS.values()) else "1"
        return f"typeof({name}) = 'integer' AND {fits}"

    def text(self, value: int | float | str | bytes, uses: Uses) -> str:  # noqa: ARG002
        """Take whole numbers that are stored as real, or written as text."""
        number = whole(value)
        low, high = self._limits()
        if not low <= number <= high:
            raise BadValueError(f"is outside of {self.column.type.name} ({low} to {high})")
        return str(number)

    def _bits(self) -> int:
        return _BITS[self.column.type.name]

    def _limits(self) -> tuple[int, int]:
        half = 1 << self._bits() - 1
        return -half, half - 1


@dataclass(frozen=True)
class Boolean(Conversion):
    """`boolean`: 0 and 1, or the words for them."""

    postgres_sql: ClassVar[str] = "{}::int"

    def sql_cases(self, name: str) -> tuple[SqlCase, ...]:
        """Take the two integers."""
        return (SqlCase(f"typeof({name}) = 'integer' AND {name} IN (0, 1)", name),)

    def text(self, value: int | float | str | bytes, uses: Uses) -> str:  # noqa: ARG002
        """Take 0 and 1 in any storage class, and true and false in any case."""
        word = value.lower() if isinstance(value, str) else value
        if word in _YES or word == 1:
            return "1"
        if word in _NO or word == 0:
            return "0"
        raise BadValueError("is neither 0 nor 1, true nor false")


def whole(value: int | float | str | bytes) -> int:
    """Return the whole number that a value is.

    Raises:
        BadValueError: it is none.
    """
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) <= _EXACT:
        return int(value)
    # Postgres knows no number of more digits; Python would take its time.
    if isinstance(value, str) and _WRITTEN.fullmatch(value) and len(value) < 30:
        return int(value)
    raise BadValueError("is not a whole number")
