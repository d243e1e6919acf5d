"""Values as a sync compares and carries them: in one form, whichever engine they come from.

It is the form in which the app's own SQLite file stores them: a UUID is 32 hexadecimal digits, a
moment is UTC with microseconds, a flag is 0 or 1, a decimal is text without zeros at its end. Less
is taken than a conversion takes: two files and a server must agree on what is the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from backend.values.conversion import Value
from backend.values.decimals import decimals, plain
from backend.values.kinds import ValueKind

_DAY = r"\d{4}-\d\d-\d\d"
_UUIDS = re.compile(r"(?:[0-9a-f]{32}\n)*")
_UUID_LENGTH, _MOMENT_LENGTH, _DAY_LENGTH = 32, 26, 10
_MOMENTS = re.compile(rf"(?:{_DAY} (?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{{6}}\n)*", re.ASCII)
_DAYS = re.compile(rf"(?:{_DAY}\n)*", re.ASCII)
_NO_TEXT = re.compile("[\0\ud800-\udfff]")

_EXPECTED = {
    ValueKind.UUID: "a UUID of 32 small hexadecimal digits",
    ValueKind.MOMENT: "a moment, as in 2026-01-31 09:00:00.000000",
    ValueKind.DATE: "a date, as in 2026-01-31",
    ValueKind.FLAG: "0 or 1",
    ValueKind.WHOLE: "a whole number of 64 bits",
    ValueKind.TEXT: "a text of UTF-8 without NUL characters",
    ValueKind.NAIVE: "a moment, as in 2026-01-31 09:00:00.000000",
    ValueKind.REAL: "a number",
    ValueKind.DECIMAL: "a decimal number",
    ValueKind.OTHER: "bytes, a number, or a text of UTF-8 without NUL characters",
}


def expected(kind: ValueKind) -> str:
    """Return what a column of this kind holds, for people."""
    return _EXPECTED[kind]


def is_valid(kind: ValueKind, value: object) -> bool:
    """Tell whether a value is one of this kind, in the one form."""
    if kind is ValueKind.DECIMAL:
        return isinstance(value, str) and value != "" and _decimal(value) == value
    # NaN is the only value that is not itself.
    return value is not None and all_valid(kind, [value]) and value == value


def all_valid(kind: ValueKind, values: Iterable[object]) -> bool:
    """Validate a batch of column values: each is NULL or of this kind, in the one form.

    False is no proof that one is not: look at them one by one then.
    """
    there = [value for value in values if value is not None]
    return set(map(type, there)) <= _TYPES.get(kind, {str}) and _CHECKS[kind](there)


def normalised(kind: ValueKind, value: Value) -> str:
    """Return a value that is written otherwise in the one form; empty if it is none."""
    form = _FORMS.get(kind)
    return form(value) if form else ""


def _decimal(value: Value) -> str:
    """Return a number as Postgres writes it when no zeros stand at its end."""
    try:
        number = Decimal(str(value)) if isinstance(value, int | float | str) else Decimal("NaN")
    except InvalidOperation:
        return ""
    return plain(number, max(decimals(number), 0)) if number.is_finite() else ""


def _moment(value: Value) -> str:
    """Return a moment in the form of the app, if it is one in whatever form of ISO 8601."""
    if not isinstance(value, str):
        return ""
    try:
        moment = datetime.fromisoformat(value)
        # Without a zone it is UTC, as everywhere in the file.
        utc = moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    except (ValueError, OverflowError):
        return ""
    return utc.isoformat(" ", "microseconds")


def _are_uuids(values: Sequence[str]) -> bool:
    return _are_lines(_UUIDS, _UUID_LENGTH, values)


def _are_moments(values: Sequence[str]) -> bool:
    days = {value[:_DAY_LENGTH] for value in values}
    return _are_lines(_MOMENTS, _MOMENT_LENGTH, values) and all(map(_is_day, days))


def _are_dates(values: Sequence[str]) -> bool:
    return _are_lines(_DAYS, _DAY_LENGTH, values) and all(map(_is_day, set(values)))


def _are_lines(pattern: re.Pattern[str], length: int, values: Sequence[str]) -> bool:
    # By its length a value is told from two with a line's end between them.
    has_length = set(map(len, values)) <= {length}
    return has_length and bool(pattern.fullmatch("".join(f"{value}\n" for value in values)))


def _are_texts(values: Sequence[object]) -> bool:
    return _NO_TEXT.search("".join(one for one in values if isinstance(one, str))) is None


@lru_cache(maxsize=10_000)
def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


# After the type, which has been looked at: of the right one all are valid, or this says more.
_CHECKS: Mapping[ValueKind, Callable[[Sequence[object]], bool]] = {
    ValueKind.UUID: _are_uuids,  # type: ignore[dict-item] # of texts, by all_valid
    ValueKind.MOMENT: _are_moments,  # type: ignore[dict-item]
    ValueKind.NAIVE: _are_moments,  # type: ignore[dict-item]
    ValueKind.DATE: _are_dates,  # type: ignore[dict-item]
    ValueKind.FLAG: lambda values: set(values) <= {0, 1},
    ValueKind.WHOLE: lambda _values: True,
    ValueKind.REAL: lambda _values: True,
    # Each is to be written in one way.
    ValueKind.DECIMAL: lambda values: not values,
    ValueKind.TEXT: _are_texts,
    ValueKind.OTHER: _are_texts,
}
_TYPES: Mapping[ValueKind, set[type]] = {
    ValueKind.WHOLE: {int},
    ValueKind.FLAG: {int},
    ValueKind.REAL: {float},
    ValueKind.DECIMAL: {int, float, str},
    ValueKind.OTHER: {int, float, str, bytes},
}
_FORMS: Mapping[ValueKind, Callable[[Value], str]] = {
    ValueKind.MOMENT: _moment,
    ValueKind.NAIVE: _moment,
    ValueKind.DECIMAL: _decimal,
}
