"""Passwords: their hashes, and the check of one against a hash.

How many are computed at once is the business of `backend.services.admission`.
"""

from __future__ import annotations

import os
import sys
import threading
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from typing import TypeVar

from werkzeug.security import check_password_hash, generate_password_hash

from backend.db.watchdog import away_from_database
from backend.services.errors import InvalidInput

MIN_LENGTH = 8
MAX_LENGTH = 1000

# Requests of those who are logged in come first, by ten to one.
_NICENESS = 10

T = TypeVar("T")


def check_password(password: str) -> None:
    """Refuse a new password that is too short, too long or too common."""
    if len(password) < MIN_LENGTH:
        raise InvalidInput(f"needs at least {MIN_LENGTH} characters", field="password")
    if len(password) > MAX_LENGTH:
        raise InvalidInput(f"is longer than {MAX_LENGTH} characters", field="password")
    if _is_common(password):
        raise InvalidInput(
            "is one that many people use, and so is tried first",
            field="password",
            hint="a few words that only you would put together are best",
        )


def hash_password(password: str) -> str:
    """Check a new password and return its hash."""
    check_password(password)
    given = _encodable(password)
    return _computed(lambda: generate_password_hash(given, method="scrypt"))


def matches(password: str, password_hash: str | None) -> bool:
    """Tell whether the password fits; without a hash, take as long and return False.

    Otherwise the time that a login takes would tell which addresses have an account.
    """
    if len(password) > MAX_LENGTH:
        password, password_hash = "", None
    stored, given = password_hash or _nobody(), _encodable(password)
    fits = _computed(lambda: check_password_hash(stored, given))
    return fits and password_hash is not None


def _computed(work: Callable[[], T]) -> T:
    with away_from_database():
        return _threads().submit(work).result()


@cache
def _threads() -> ThreadPoolExecutor:
    # Threads of their own: a thread that has stepped back cannot step forward again.
    return ThreadPoolExecutor(thread_name_prefix="password", initializer=_step_back)


def _step_back() -> None:
    if sys.platform == "linux":
        # Only there has each thread a priority of its own. A sandbox may forbid to lower it, and
        # an error here would be the end of all logins.
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)


def _encodable(password: str) -> str:
    # JSON can carry half of a surrogate pair, which UTF-8 cannot encode.
    return password.encode("utf-8", "surrogatepass").decode("utf-8", "backslashreplace")


@cache
def _nobody() -> str:
    return generate_password_hash("nobody has this password", method="scrypt")


def _is_common(password: str) -> bool:
    """Tell whether a password is on the list, however its letters are written."""
    return _uniform(password) in _common_passwords()


@cache
def _common_passwords() -> frozenset[str]:
    # Read with the first new password: most processes never need it.
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    return frozenset(map(_uniform, FREQUENCY_LISTS["passwords"]))


def _uniform(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
