"""The form of an e-mail address by which accounts are unique.

Computed here and never by SQL `lower()`: that depends on engine and locale. A Turkish Postgres
turns IBRAHIM into ıbrahım, SQLite lowers ASCII only, and one of them would take a duplicate that
the other refuses.
"""

from __future__ import annotations

import re
import unicodedata

from backend.services.errors import InvalidInput

MAX_LENGTH = 254
_SHAPE = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)*")


def email_key(address: str) -> str:
    """Return the form under which an address is unique.

    A dotted capital İ counts as i; a dotless ı stays itself, since it is another letter.
    """
    key = _fold(_fold(address.strip()))
    if len(address) > MAX_LENGTH or len(key) > MAX_LENGTH:
        raise InvalidInput(f"is longer than {MAX_LENGTH} characters", field="email")
    if not _SHAPE.fullmatch(key) or not key.isprintable():
        raise InvalidInput("is not an e-mail address", field="email")
    return key


def _fold(text: str) -> str:
    # casefold() would make two code points of İ: an i and a dot that no keyboard types.
    composed = unicodedata.normalize("NFKC", text).replace("İ", "i")
    return unicodedata.normalize("NFKC", composed.casefold())
