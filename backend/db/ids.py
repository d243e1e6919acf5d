"""Identity: UUID version 7 (RFC 9562), so rows of two databases merge and still sort by time."""

from __future__ import annotations

import uuid

import uuid_utils.compat


def new_id() -> uuid.UUID:
    """Return a new UUIDv7; later ones of this process sort after earlier ones."""
    identifier: uuid.UUID = uuid_utils.compat.uuid7()
    return identifier
