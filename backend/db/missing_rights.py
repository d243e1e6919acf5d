"""Which GRANT would have let a statement through, from what the server says of the refusal.

Postgres names the object in its message alone. In another language than English the general
advice has to do.
"""

from __future__ import annotations

import re

_OWNER = "log in as the owner of the tables, or as a member of it"
_GRANTS = (
    (
        re.compile(r"permission denied for schema (\S+)"),
        "let its owner say GRANT USAGE, CREATE ON SCHEMA {} TO the role of this login",
    ),
    (
        re.compile(r"permission denied for database (\S+)"),
        "let its owner say GRANT CREATE, TEMPORARY ON DATABASE {} TO the role of this login",
    ),
    (
        re.compile(r"permission denied to create temporary tables in database (\S+)"),
        "let its owner say GRANT TEMPORARY ON DATABASE {} TO the role of this login",
    ),
)


def way_out(said: str) -> str:
    """Return what to do about a right that is missing."""
    for pattern, advice in _GRANTS:
        found = pattern.search(said)
        if found:
            return advice.format(found[1])
    return _OWNER
