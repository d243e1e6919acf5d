"""The check of a day on which money was spent or paid."""

from __future__ import annotations

from datetime import date, timedelta

from backend.db.types import utc_now
from backend.services.errors import InvalidInput

# Before that it is a slip of the pen, as 0026 for 2026.
_EARLIEST = date(1970, 1, 1)
# A deposit for next summer is fine; 9999 is somebody leaning on a key.
_AHEAD = timedelta(days=366)


def plausible_day(value: date, *, field: str) -> date:
    """Return the day, if money may have been spent on it.

    Raises:
        InvalidInput: it lies before 1970, or more than a year ahead.
    """
    latest = utc_now().date() + _AHEAD
    if not _EARLIEST <= value <= latest:
        raise InvalidInput(
            f"{value.isoformat()} is not a day from {_EARLIEST} to {latest}", field=field
        )
    return value
