"""Tell quickly whether many values of one column are what the column is for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import lru_cache

from backend.capture.tables import Kind

_UUIDS = re.compile(r"(?:[0-9a-f]{32}\n)*")
_TIME = r"(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{6}"
_MOMENTS = re.compile(rf"(?:\d{{4}}-\d\d-\d\d {_TIME}\n)*", re.ASCII)
_DATES = re.compile(r"(?:\d{4}-\d\d-\d\d\n)*", re.ASCII)
_NO_TEXT = re.compile("[\0\ud800-\udfff]")


def fit_together(kind: Kind, values: Iterable[object]) -> bool:
    """Tell whether each of the values is NULL or one that needs no mending.

    No is no proof that one does not fit: look at them one by one then.
    """
    there = [value for value in values if value is not None]
    return set(map(type, there)) <= _TYPES.get(kind, {str}) and _FIT[kind](there)


def _are_none(values: Sequence[object]) -> bool:
    return not values


def _are_raw(values: Sequence[object]) -> bool:
    return _are_texts([value for value in values if isinstance(value, str)])


def _are_texts(values: Sequence[str]) -> bool:
    return _NO_TEXT.search("".join(values)) is None


def _are_uuids(values: Sequence[str]) -> bool:
    return _UUIDS.fullmatch(_lines(values)) is not None


def _are_moments(values: Sequence[str]) -> bool:
    return _MOMENTS.fullmatch(_lines(values)) is not None and _are_days({v[:10] for v in values})


def _are_dates(values: Sequence[str]) -> bool:
    return _DATES.fullmatch(_lines(values)) is not None and _are_days(set(values))


def _lines(values: Sequence[str]) -> str:
    return "".join(f"{value}\n" for value in values)


def _are_days(days: Iterable[str]) -> bool:
    return all(map(_is_day, days))


@lru_cache(maxsize=10_000)
def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


# After the type, which has been looked at: of the right one all fit, or this says more.
_FIT: Mapping[Kind, Callable[[Sequence[object]], bool]] = {
    Kind.UUID: _are_uuids,  # type: ignore[dict-item] # of texts alone, as fit_together sees to
    Kind.MOMENT: _are_moments,  # type: ignore[dict-item]
    Kind.DATE: _are_dates,  # type: ignore[dict-item]
    Kind.TEXT: _are_texts,  # type: ignore[dict-item]
    Kind.FLAG: lambda values: set(values) <= {0, 1},
    Kind.WHOLE: lambda _values: True,
    Kind.NAIVE: _are_moments,  # type: ignore[dict-item]
    Kind.REAL: lambda _values: True,
    # Each is to be written in one way.
    Kind.DECIMAL: _are_none,
    Kind.OTHER: _are_raw,
}
_TYPES: Mapping[Kind, set[type]] = {
    Kind.WHOLE: {int},
    Kind.FLAG: {int},
    Kind.REAL: {float},
    Kind.DECIMAL: {int, float, str},
    Kind.OTHER: {int, float, str, bytes},
}
