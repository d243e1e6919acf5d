"""The roles of the database, and what each may do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

OWNER = "hesap_owner"
APP = "hesap_app"
READONLY = "hesap_readonly"
PUBLIC = "PUBLIC"

# A request is answered or given up within the proxy's patience; nothing waits for ever.
# Role by role, not by connection string: a pooler in between would drop those.
_REQUEST_TIMEOUTS = {
    "search_path": "public",
    "statement_timeout": "15s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "30s",
    "transaction_timeout": "60s",
}
# Settings belong to the one who logs in, and are not handed down to members.
_MIGRATION_TIMEOUTS = {
    # What a migration creates belongs to the owner, and the owner's default privileges hold.
    "role": OWNER,
    "search_path": "public",
    "statement_timeout": "0",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "5min",
}


@dataclass(frozen=True)
class Role:
    """One role: `secret` names the password of a role that logs in."""

    name: str
    secret: str = ""
    member_of: str = ""
    may_set_role: bool = False
    settings: Mapping[str, str] = field(default_factory=dict)


ROLES = (
    Role(OWNER),
    Role(APP),
    Role(READONLY),
    Role(
        "hesap_migrate",
        secret="migrate",  # noqa: S106 - the name of a secret
        member_of=OWNER,
        may_set_role=True,
        settings=_MIGRATION_TIMEOUTS,
    ),
    Role("app_blue", secret="app-blue", member_of=APP, settings=_REQUEST_TIMEOUTS),  # noqa: S106
    Role("app_green", secret="app-green", member_of=APP, settings=_REQUEST_TIMEOUTS),  # noqa: S106
)
MANAGED = frozenset(role.name for role in ROLES)
LOGINS = tuple(role for role in ROLES if role.secret)

Rights = frozenset[tuple[str, str]]


def rights(**by_role: str) -> Rights:
    """Return (role, privilege) pairs: `rights(hesap_app="SELECT INSERT")`."""
    return frozenset((role, word) for role, words in by_role.items() for word in words.split())


DATABASE_RIGHTS = rights(
    hesap_owner="CONNECT CREATE TEMPORARY", hesap_app="CONNECT", hesap_readonly="CONNECT"
)
SCHEMA_RIGHTS = rights(hesap_owner="USAGE CREATE", hesap_app="USAGE", hesap_readonly="USAGE")
# By the letter that pg_default_acl has for the kind of object. The owner's own rights go unsaid.
OBJECT_RIGHTS = {
    "r": rights(hesap_app="SELECT INSERT UPDATE DELETE", hesap_readonly="SELECT"),
    "S": rights(hesap_app="USAGE SELECT", hesap_readonly="SELECT"),
    "f": rights(),
}
NO_RIGHTS = rights()
OBJECT_WORDS = {"r": "TABLES", "S": "SEQUENCES", "f": "FUNCTIONS"}
