"""Passwords: scrypt, with a bound on how many are computed at once."""

from __future__ import annotations

import threading
from functools import cache

from werkzeug.security import check_password_hash, generate_password_hash

from backend.services.errors import InvalidInput

MIN_LENGTH = 8
MAX_LENGTH = 1000

# Each takes 32 MB and a quarter of a second of one core: a burst of logins must not starve the
# requests of everybody who is logged in already.
_AT_ONCE = threading.BoundedSemaphore(2)


def hash_password(password: str) -> str:
    """Return what is stored in place of the password."""
    if len(password) < MIN_LENGTH:
        raise InvalidInput(f"needs at least {MIN_LENGTH} characters", field="password")
    if len(password) > MAX_LENGTH:
        raise InvalidInput(f"is longer than {MAX_LENGTH} characters", field="password")
    return _hash(password)


def matches(password: str, password_hash: str | None) -> bool:
    """Tell whether the password fits; without a hash, take as long and say no.

    Otherwise the time that a login takes would tell which addresses have an account.
    """
    if len(password) > MAX_LENGTH:
        password, password_hash = "", None
    with _AT_ONCE:
        fits = check_password_hash(password_hash or _nobody(), _encodable(password))
    return fits and password_hash is not None


def _hash(password: str) -> str:
    with _AT_ONCE:
        return generate_password_hash(_encodable(password), method="scrypt")


def _encodable(password: str) -> str:
    # JSON can carry half of a surrogate pair, which UTF-8 cannot encode.
    return password.encode("utf-8", "surrogatepass").decode("utf-8", "backslashreplace")


@cache
def _nobody() -> str:
    return generate_password_hash("nobody has this password", method="scrypt")
