"""Random tokens: the bearer keeps the token, the database its SHA-256.

No salt and no slow hash: 256 random bits cannot be guessed, and a request must not take 200 ms.
"""

from __future__ import annotations

import hashlib
import secrets


def new_token(prefix: str = "") -> str:
    """Return a token of 256 random bits."""
    return prefix + secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """Return what is stored, and looked up, in place of the token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
