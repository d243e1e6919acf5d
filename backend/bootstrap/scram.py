"""SCRAM verifiers: what a server stores instead of a password (RFC 5803), made and checked here.

The password itself is never sent: a statement that fails or is slow may be logged.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import stringprep
import unicodedata
from base64 import b64decode, b64encode

from backend.db.session import Session

_VERIFIER = re.compile(r"SCRAM-SHA-256\$(\d+):([^$]+)\$([^:]+):([^:]+)", re.ASCII)


def make_verifier(session: Session, role: str, password: str) -> str:
    """Return a fresh verifier, as libpq makes it for psql."""
    made = session.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256")
    return made.decode()


def matches(password: str, verifier: str | None) -> bool:
    """Tell whether this password fits what the server has stored."""
    found = _VERIFIER.fullmatch(verifier or "")
    if not found:
        return False
    iterations, salt, stored_key = int(found[1]), b64decode(found[2]), found[3]
    salted = hashlib.pbkdf2_hmac("sha256", _prepared(password).encode(), salt, iterations)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    computed = b64encode(hashlib.sha256(client_key).digest()).decode()
    return hmac.compare_digest(computed, stored_key)


def _prepared(password: str) -> str:
    """Return the password as both sides of a login spell it (SASLprep, RFC 4013)."""
    if password.isascii():
        return password
    kept = (c for c in password if not stringprep.in_table_b1(c))
    spaced = "".join(" " if stringprep.in_table_c12(c) else c for c in kept)
    return unicodedata.normalize("NFKC", spaced)
