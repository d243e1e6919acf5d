"""The roles of the database, and what each may do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

OWNER = "hesap_owner"
APP = "hesap_app"
READONLY = "hesap_readonly"
BACKUP = "hesap_backup"
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
# A backup takes as long as it takes, whatever somebody sets for the whole server.
_NO_TIMEOUTS = {
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "transaction_timeout": "0",
}
# Reads everything and holds tables still for a moment, and changes nothing.
_BACKUP_GROUPS = (
    "pg_checkpoint",
    "pg_maintain",
    "pg_read_all_data",
    "pg_read_all_settings",
    # The connections that max_connections keeps back are for backups, too.
    "pg_use_reserved_connections",
)


@dataclass(frozen=True)
class Role:
    """One role: `secret` names the password of a role that logs in by one.

    A role that is known by its user of the system has none (docker/postgres/pg_hba.conf).
    """

    name: str
    secret: str = ""
    known_by_system: bool = False
    groups: tuple[str, ...] = ()
    may_set_role: bool = False
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def logs_in(self) -> bool:
        """Say whether anybody can connect as this role."""
        return bool(self.secret) or self.known_by_system


ROLES = (
    Role(OWNER),
    Role(APP),
    Role(READONLY),
    Role(
        "hesap_migrate",
        secret="migrate",  # noqa: S106 - the name of a secret
        groups=(OWNER,),
        may_set_role=True,
        settings=_MIGRATION_TIMEOUTS,
    ),
    Role("app_blue", secret="app-blue", groups=(APP,), settings=_REQUEST_TIMEOUTS),  # noqa: S106
    Role("app_green", secret="app-green", groups=(APP,), settings=_REQUEST_TIMEOUTS),  # noqa: S106
    Role(BACKUP, known_by_system=True, groups=_BACKUP_GROUPS, settings=_NO_TIMEOUTS),
)
MANAGED = frozenset(role.name for role in ROLES)
WITH_PASSWORD = tuple(role for role in ROLES if role.secret)

Rights = frozenset[tuple[str, str]]


def rights(**by_role: str) -> Rights:
    """Return (role, privilege) pairs: `rights(hesap_app="SELECT INSERT")`."""
    return frozenset((role, word) for role, words in by_role.items() for word in words.split())


DATABASE_RIGHTS = rights(
    hesap_owner="CONNECT CREATE TEMPORARY",
    hesap_app="CONNECT",
    hesap_readonly="CONNECT",
    hesap_backup="CONNECT",
)
# A backup is of the whole server.
OTHER_DATABASE_RIGHTS = rights(hesap_backup="CONNECT")
SCHEMA_RIGHTS = rights(hesap_owner="USAGE CREATE", hesap_app="USAGE", hesap_readonly="USAGE")
# By the letter that pg_default_acl has for the kind of object. The owner's own rights go unsaid.
OBJECT_RIGHTS = {
    "r": rights(hesap_app="SELECT INSERT UPDATE DELETE", hesap_readonly="SELECT"),
    "S": rights(hesap_app="USAGE SELECT", hesap_readonly="SELECT"),
    "f": rights(),
}
NO_RIGHTS = rights()
# Functions of the server that are the superuser's otherwise. A migration notes a point that a
# restore can go back to; who migrates acts as the owner.
FUNCTION_RIGHTS = {
    "pg_backup_start(text,boolean)": rights(hesap_backup="EXECUTE"),
    "pg_backup_stop(boolean)": rights(hesap_backup="EXECUTE"),
    "pg_create_restore_point(text)": rights(hesap_backup="EXECUTE", hesap_owner="EXECUTE"),
    "pg_switch_wal()": rights(hesap_backup="EXECUTE"),
}
OBJECT_WORDS = {"r": "TABLES", "S": "SEQUENCES", "f": "FUNCTIONS"}
