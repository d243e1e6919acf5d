"""The app's own schema: its tables, and its invariants checked in a schema of the target."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from backend.config.database_url import DatabaseUrl
from backend.version import release

if TYPE_CHECKING:
    from backend.invariants.checks import InvariantReport

# What migrations and logins keep for themselves: each database has its own.
BOOKKEEPING = frozenset({"alembic_version", "schema_state", "throttles"})

# By these the app's schema is recognised. The models know them too, but importing them would
# double the memory that copying another app's tables needs.
APP_TABLES = frozenset(
    {
        "api_tokens",
        "group_members",
        "groups",
        "idempotency_keys",
        "order_payers",
        "order_shares",
        "orders",
        "settlements",
        "user_sessions",
        "users",
    }
)


def is_app_schema(tables: Iterable[str]) -> bool:
    """Tell whether these are the tables of the app, and not of another one."""
    return set(tables) >= APP_TABLES


def check_schema_invariants(
    target: DatabaseUrl, schema: str, snapshot: str = ""
) -> InvariantReport:
    """Check every invariant of the app in one schema, in a snapshot if one is named."""
    from sqlalchemy import text

    from backend.db.dialect import PoolOptions, dialect_for
    from backend.db.snapshot import set_snapshot
    from backend.db.sql import name
    from backend.invariants.checks import check_rows
    from backend.migrate.errors import migration_errors

    options = PoolOptions(1, f"transfer-rules:{release()}")
    engine = dialect_for(target, options).create_engine()
    look_in = text("SELECT set_config('search_path', :path, false)")
    try:
        with (
            migration_errors(),
            engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection,
        ):
            if snapshot:
                connection.execute(text(set_snapshot(snapshot).as_string()))
            connection.execute(look_in, {"path": name(schema).as_string()})
            return check_rows(connection)
    finally:
        engine.dispose()
