"""The app's own rules, put to rows that nobody can see yet."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from backend.config.database_url import DatabaseUrl
from backend.version import release

if TYPE_CHECKING:
    from backend.invariants.checks import Verdict

# What migrations and logins keep for themselves: each database has its own.
BOOKKEEPING = frozenset({"alembic_version", "schema_state", "throttles"})

# By these the app's schema is known. The models would tell too; but with all that they bring
# along, the copying of another app's tables would need twice the memory.
OURS = frozenset(
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


def is_ours(tables: Iterable[str]) -> bool:
    """Tell whether these are the tables of the app, and not of another one."""
    return set(tables) >= OURS


def put_rules(target: DatabaseUrl, schema: str, moment: str = "") -> Verdict:
    """Put every rule of the app to the tables of one schema, as of a moment if one is named."""
    from psycopg import sql
    from sqlalchemy import text

    from backend.db.dialect import PoolOptions, dialect_for
    from backend.invariants.checks import check_rows
    from backend.migrate.errors import migration_errors
    from backend.tablecopy.snapshot import joining

    options = PoolOptions(1, f"transfer-rules:{release()}")
    engine = dialect_for(target, options).create_engine()
    look_in = text("SELECT set_config('search_path', :path, false)")
    try:
        with (
            migration_errors(),
            engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection,
        ):
            if moment:
                connection.execute(text(joining(moment)))
            connection.execute(look_in, {"path": sql.Identifier(schema).as_string(None)})
            return check_rows(connection)
    finally:
        engine.dispose()
