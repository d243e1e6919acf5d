"""Rows that hold a value that its column is not for; SQLite stores anything anywhere."""

from __future__ import annotations

from collections.abc import Iterable

from backend.capture.tables import Row
from backend.errors import DataError


class UnfitRow(tuple):  # type: ignore[type-arg] # of whatever the file holds
    """A row that can be neither compared nor written: it is like no other, not even itself.

    `why` names the column and what it is for, never the value.
    """

    why: str

    def __new__(cls, row: Row, why: str) -> UnfitRow:
        """Take the values as they are: the key has to be found."""
        made = super().__new__(cls, row)
        made.why = why
        return made

    def __eq__(self, other: object) -> bool:
        """Return False: what a column is not for cannot be compared."""
        return False

    def __ne__(self, other: object) -> bool:
        """Return True: without this, a tuple would compare the values."""
        return True

    # By identity, as equality demands; a tuple would hash the values.
    __hash__ = object.__hash__


class UnfitValueError(DataError):
    """A row was to be copied or stored that holds a value that its column is not for."""

    def __init__(self, row: str, why: str) -> None:
        super().__init__(
            f"{row}: {why}",
            hint="nothing was written; mend the row in the SQLite file, then run this again",
        )
        self.why = why


def first_unfit(rows: Iterable[Row]) -> UnfitRow | None:
    """Return the first of the rows that is unfit; None for most."""
    return next((row for row in rows if isinstance(row, UnfitRow)), None)
