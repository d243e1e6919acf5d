"""Dates and times: one strict grammar, which depends on no setting and not on today."""

from __future__ import annotations

import re
from abc import abstractmethod
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import ClassVar

from backend.values.conversion import (
    BadValueError,
    Conversion,
    SqlCase,
    Uses,
    any_case,
    has_nul,
    is_text,
)
from backend.values.decimals import decimal

_DAY = "[0-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]"
_TIME = "[0-2][0-9]:[0-5][0-9]:[0-5][0-9]"
_MICROSECONDS = 6
# Where the hour stands behind a day.
_HOUR_AT = 12

_CLOCK = r"(?P<clock>\d\d:\d\d(:\d\d)?)(\.(?P<fraction>\d+))?"
_OFFSET = r"(?P<offset>Z|[+-]\d\d(:?\d\d)?)"
_WRITTEN = re.compile(rf"(?P<day>\d\d\d\d-\d\d-\d\d)([ T]{_CLOCK} ?{_OFFSET}?)?", re.ASCII)
_WRITTEN_TIME = re.compile(_CLOCK, re.ASCII)
_WRITTEN_TIMETZ = re.compile(rf"{_CLOCK} ?{_OFFSET}?", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECONDS_OF = {"s": 1_000_000, "ms": 1_000}


@dataclass(frozen=True)
class _DateTime(Conversion):
    """What all of them share: an empty text may stand for NULL, a number for a time since 1970."""

    def text(self, value: int | float | str | bytes, uses: Uses) -> str | None:
        """Take what is written out, and what `casts` allows."""
        if value == "" and self.casts.empty_datetime == "null":
            uses["empty_datetime"] += 1
            return None
        if value == "":
            raise BadValueError("is empty, not a date or time; --empty-datetime null reads it")
        if isinstance(value, str):
            return self.written(value)
        if isinstance(value, bytes):
            raise BadValueError("is bytes, not a date or time")
        if self.casts.epoch_datetimes == "refuse":
            raise BadValueError(
                "is a number, not a date or time; --epoch-datetimes s or ms reads it"
            )
        moment = _since_epoch(value, self.casts.epoch_datetimes)
        text = self.written(f"{moment:%Y-%m-%d %H:%M:%S.%f}".rjust(26, "0"))
        uses["epoch_datetimes"] += 1
        return text

    @abstractmethod
    def written(self, text: str) -> str:
        """Return the canonical text of what somebody wrote."""

    @property
    def _precision(self) -> int:
        precision = self.column.type.precision
        return _MICROSECONDS if precision is None else precision

    def _case_applies(self, name: str) -> str:
        """Hold where a case applies; GLOB does not look behind a NUL, so there may be none."""
        return f"({any_case(self.sql_cases(name))}) AND NOT {has_nul(name)}"

    def _clock_cases(self, name: str, day: str, hour_at: int) -> tuple[SqlCase, ...]:
        """Take whole seconds, and microseconds of which the column keeps all that are not 0."""
        lost = "0" * (_MICROSECONDS - self._precision)
        kept = f"{'[0-9]' * self._precision}{lost}"
        # Postgres would make midnight of the next day of hour 24, and refuses what comes after it.
        real = _hour_exists(name, hour_at)
        cases = [
            (f"{name} GLOB '{day}{_TIME}.{kept}' AND {real}", f"rtrim(rtrim({name}, '0'), '.')"),
            (f"{name} GLOB '{day}{_TIME}' AND {real}", name),
        ]
        if not lost:
            # Most have nothing to be trimmed at their end.
            cases.insert(0, (f"{name} GLOB '{day}{_TIME}.{'[0-9]' * 5}[1-9]'", name))
        return tuple(SqlCase(f"{is_text(name)} AND {case}", text) for case, text in cases)

    def _clock(self, clock: str, fraction: str | None) -> time:
        digits = (fraction or "").rstrip("0")
        if len(digits) > self._precision:
            raise BadValueError(f"has more decimals than the column keeps, {self._precision}")
        try:
            found = time.fromisoformat(clock)
        except ValueError:
            raise BadValueError("names a time that does not exist") from None
        return found.replace(microsecond=int(digits.ljust(_MICROSECONDS, "0")))


@dataclass(frozen=True)
class Timestamp(_DateTime):
    """`timestamp`: what a clock shows, without saying where; never shifted."""

    def sql_cases(self, name: str) -> tuple[SqlCase, ...]:
        """Take what SQLAlchemy and SQLite itself write; Postgres refuses the 30th of February."""
        return self._clock_cases(name, f"{_DAY} ", _HOUR_AT)

    def sql_is_valid(self, name: str) -> str:
        """Hold where a case applies and the day exists."""
        exists = f"{_day_exists(name)} AND {_hour_exists(name, _HOUR_AT)}"
        return f"{self._case_applies(name)} AND {exists}"

    def written(self, text: str) -> str:
        """Take an offset only where there is nothing to shift."""
        moment = self.moment(text)
        if moment.utcoffset():
            raise BadValueError("has an offset from UTC, which the column does not keep")
        return _trimmed(moment)

    def moment(self, text: str) -> datetime:
        """Read the one grammar there is."""
        found = _WRITTEN.fullmatch(text)
        if not found:
            raise BadValueError("is not a date and time as in 2026-01-31 12:30:00")
        clock = self._clock(found["clock"] or "00:00", found["fraction"])
        return datetime.combine(_day(found["day"]), clock, _offset(found["offset"]))


@dataclass(frozen=True)
class TimestampTz(Timestamp):
    """`timestamptz`: a moment; where no offset is written, it is in UTC."""

    postgres_sql: ClassVar[str] = "({} AT TIME ZONE 'UTC')"

    def written(self, text: str) -> str:
        """Shift what has an offset to UTC."""
        moment = self.moment(text)
        try:
            return _trimmed(moment.astimezone(UTC) if moment.tzinfo else moment)
        except OverflowError:
            raise BadValueError("is outside of the years 1 to 9999") from None


@dataclass(frozen=True)
class Date(Timestamp):
    """`date`: a day, and midnight where a time is written too."""

    def sql_cases(self, name: str) -> tuple[SqlCase, ...]:
        """Take a day; Postgres refuses one that does not exist."""
        return (SqlCase(f"{is_text(name)} AND {name} GLOB '{_DAY}'", name),)

    def sql_is_valid(self, name: str) -> str:
        """Hold for a day that exists."""
        return f"{self._case_applies(name)} AND {_day_exists(name)}"

    def written(self, text: str) -> str:
        """Take no time of the day but midnight, and no offset, which could mean another day."""
        moment = self.moment(text)
        if moment.timetz() != time() and moment.timetz() != time(tzinfo=UTC):
            raise BadValueError("has a time of the day, which the column does not keep")
        return moment.date().isoformat()


@dataclass(frozen=True)
class Time(_DateTime):
    """`time`: a time of some day."""

    def sql_cases(self, name: str) -> tuple[SqlCase, ...]:
        """Take what SQLAlchemy and SQLite itself write."""
        return self._clock_cases(name, "", 1)

    def sql_is_valid(self, name: str) -> str:
        """Hold where a case applies and the hour exists."""
        return f"{self._case_applies(name)} AND {_hour_exists(name, 1)}"

    def written(self, text: str) -> str:
        """Take a time without a day."""
        found = _WRITTEN_TIME.fullmatch(text)
        if not found:
            raise BadValueError("is not a time as in 12:30:00")
        return _without_zeros(self._clock(found["clock"], found["fraction"]).isoformat())


@dataclass(frozen=True)
class TimeTz(_DateTime):
    """`timetz`: a time with its offset, which stays as it is; without one it is in UTC."""

    def written(self, text: str) -> str:
        """Take a time without a day, with an offset or without."""
        found = _WRITTEN_TIMETZ.fullmatch(text)
        if not found:
            raise BadValueError("is not a time as in 12:30:00+03:00")
        clock = _without_zeros(self._clock(found["clock"], found["fraction"]).isoformat())
        return clock + _written_offset(_offset(found["offset"]) or UTC)


def _hour_exists(name: str, place: int) -> str:
    return f"substr({name}, {place}, 2) < '24'"


def _day_exists(name: str) -> str:
    # SQLite makes the 2nd of March of the 30th of February, and knows a year 0.
    return f"date(substr({name}, 1, 10)) = substr({name}, 1, 10) AND {name} > '0001'"


def _day(written: str) -> date:
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise BadValueError("names a day that does not exist") from None


def _offset(written: str | None) -> timezone | None:
    if not written:
        return None
    if written == "Z":
        return UTC
    hours, minutes = int(written[1:3]), int(written[-2:]) if len(written) > 3 else 0
    # As far as Postgres goes.
    if hours > 15 or minutes > 59:
        raise BadValueError("has an offset from UTC that does not exist")
    size = timedelta(hours=hours, minutes=minutes)
    return timezone(-size if written.startswith("-") else size)


def _written_offset(zone: timezone) -> str:
    minutes = int(zone.utcoffset(None).total_seconds()) // 60
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02}{f':{rest:02}' if rest else ''}"


def _since_epoch(value: float, unit: str) -> datetime:
    microseconds = decimal(value) * _MICROSECONDS_OF[unit]
    if microseconds != microseconds.to_integral_value():
        raise BadValueError("has more decimals than a microsecond")
    try:
        return _EPOCH + timedelta(microseconds=int(microseconds))
    except OverflowError:
        raise BadValueError("counts to a moment outside of the years 1 to 9999") from None


def _trimmed(moment: datetime) -> str:
    return _without_zeros(moment.replace(tzinfo=None).isoformat(sep=" "))


def _without_zeros(text: str) -> str:
    return text.rstrip("0") if "." in text else text
