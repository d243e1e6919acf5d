"""Passwords that so many people use that they are the first to be tried."""

from __future__ import annotations

import unicodedata
from functools import cache


def is_common(password: str) -> bool:
    """Tell whether a password is on the list, however its letters are written."""
    return _uniform(password) in _words()


@cache
def _words() -> frozenset[str]:
    # Read with the first new password: most processes never need it.
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    return frozenset(map(_uniform, FREQUENCY_LISTS["passwords"]))


def _uniform(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
