"""Intervals, which SQLite keeps in whatever form an app chose."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from backend.values.conversion import BadValueError, Conversion, Uses

_WRITTEN = re.compile(
    r"(?:(?P<days>-?\d{1,7}) days?(?:,? (?=.))?)?"
    r"(?:(?P<sign>[+-]?)(?P<hours>\d{1,7}):(?P<rest>[0-5]\d:[0-5]\d)(?:\.(?P<fraction>\d{1,6}))?)?",
    re.ASCII,
)
# SQLAlchemy's Interval: the moment so long after, or before, the start of 1970.
_AS_MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,6})?", re.ASCII)
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - SQLAlchemy's own has no zone either
_MICROSECONDS_OF = {"us": 1, "ms": 1_000, "s": 1_000_000, "days": 86_400_000_000}
_SECOND, _DAY = _MICROSECONDS_OF["s"], _MICROSECONDS_OF["days"]
# Kept in whole units alone; a fraction of one is another unit's.
_WHOLE_UNITS = frozenset({"us", "ms"})
_MOST_DAYS = 10_000_000
# A fraction of a day was divided and added to whole days: off by some of the last bits of these.
_BITS_OFF = 4

_DECLARED_REAL = ("REAL", "FLOA", "DOUB")
_DECLARED_OTHERWISE = ("DATE", "TIME", "CHAR", "TEXT", "CLOB")


@dataclass(frozen=True)
class Interval(Conversion):
    """`interval`: days, hours, minutes and seconds, as Postgres and Python write them."""

    def text(self, value: int | float | str | bytes, uses: Uses) -> str:
        """Take text such as `1 day 02:03:04.5`, SQLAlchemy's moments, and numbers of a unit."""
        if isinstance(value, int | float):
            microseconds = self._counted(value)
            uses["intervals"] += 1
        elif isinstance(value, str) and _AS_MOMENT.fullmatch(value) and "DATETIME" in self.declared:
            microseconds = _since_epoch(value)
            uses["sqlalchemy_intervals"] += 1
        else:
            return self._written(value)
        days, rest = divmod(microseconds, _DAY)
        return self._text(days, _of_day(rest, signed=days < 0), rest % _SECOND)

    def _written(self, value: str | bytes) -> str:
        found = _WRITTEN.fullmatch(value) if isinstance(value, str) and value else None
        if not found:
            raise BadValueError("is not a span of time as in 1 day 02:03:04.5")
        days = int(found["days"] or 0)
        fraction = int((found["fraction"] or "").ljust(6, "0"))
        return self._text(days, _clock(found, signed=days < 0), fraction)

    def _text(self, days: int, clock: str, microseconds: int) -> str:
        precision = self.column.type.precision
        if precision is not None and microseconds % 10 ** (6 - precision):
            raise BadValueError(f"has more decimals than the column keeps, {precision}")
        if not days:
            return clock or "00:00:00"
        return f"{days} day{'' if days == 1 else 's'}{' ' if clock else ''}{clock}"

    def _counted(self, value: float) -> int:
        """Return how many microseconds a number means, by the unit that the operator gave."""
        unit, is_whole = self.casts.intervals, isinstance(value, int)
        if any(word in self.declared for word in _DECLARED_OTHERWISE):
            raise BadValueError(f"is a number in a column declared {self.declared}, not a span")
        if unit == "refuse":
            raise BadValueError(_WHICH_WHOLE if is_whole else _WHICH_REAL)
        is_real = not is_whole or any(word in self.declared for word in _DECLARED_REAL)
        if is_real and unit in _WHOLE_UNITS:
            raise BadValueError(f"is no whole number of {unit}; --intervals days or s reads it")
        if not math.isfinite(value) or abs(value) * _MICROSECONDS_OF[unit] > _MOST_DAYS * _DAY:
            raise BadValueError("is longer than the spans that are copied")
        return _microseconds(value, unit)


_WHICH_WHOLE = "is a whole number, not a span of time; --intervals us, ms, s or days says of what"
_WHICH_REAL = "is a number, not a span of time; --intervals days or s says of what"


def _microseconds(value: float, unit: str) -> int:
    per_unit = _MICROSECONDS_OF[unit]
    found = round(Fraction(value) * per_unit)
    off = abs(float(Fraction(found, per_unit)) - value)
    if off > (_BITS_OFF * math.ulp(max(1.0, abs(value))) if unit == "days" else 0):
        raise BadValueError("has more decimals than a microsecond")
    return found


def _since_epoch(value: str) -> int:
    try:
        span = datetime.fromisoformat(value) - _EPOCH
    except ValueError:
        raise BadValueError("names a day or a time that does not exist") from None
    return (span.days * 86_400 + span.seconds) * _SECOND + span.microseconds


def _of_day(microseconds: int, *, signed: bool) -> str:
    if not microseconds:
        return ""
    seconds, fraction = divmod(microseconds, _SECOND)
    clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    point = f".{fraction:06}".rstrip("0") if fraction else ""
    return f"{'+' if signed else ''}{clock}{point}"


def _clock(found: re.Match[str], *, signed: bool) -> str:
    fraction = (found["fraction"] or "").rstrip("0")
    if found["hours"] is None or not (int(found["hours"]) or found["rest"] != "00:00" or fraction):
        return ""
    sign = "-" if found["sign"] == "-" else "+" if signed else ""
    point = "." if fraction else ""
    return f"{sign}{int(found['hours']):02}:{found['rest']}{point}{fraction}"
