"""What a schema consists of, as plain values that can be compared."""

import sqlite3
from contextlib import closing, contextmanager
from typing import Any

import psycopg
from sqlalchemy import Connection, Engine, inspect

from backend.config.database_url import DatabaseUrl
from backend.db.dialect import PoolOptions, dialect_for

RECORDS = "alembic_version"


@contextmanager
def connected(database: DatabaseUrl):
    """Connect as the app does."""
    engine: Engine = dialect_for(database, PoolOptions(1, "test")).create_engine()
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def structure(database: DatabaseUrl) -> dict[str, dict[str, Any]]:
    """Return every table with all that belongs to it, in no particular order."""
    with connected(database) as connection:
        names = set(inspect(connection).get_table_names()) - {RECORDS}
        return {name: _table(connection, name) for name in names}


def records(database: DatabaseUrl) -> tuple[list[str], list[tuple[int, ...]]]:
    """Return what the runner has noted: the revisions, and the levels."""
    with connected(database) as connection:
        heads = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalars()
        levels = connection.exec_driver_sql(
            "SELECT id, expand_level, contract_level FROM schema_state"
        )
        return sorted(heads), [tuple(row) for row in levels]


def execute(database: DatabaseUrl, *statements: str) -> None:
    """Run statements, each by itself."""
    if database.engine == "postgres":
        with psycopg.connect(database.conninfo(), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())
        return
    assert database.path is not None
    database.path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(database.path)) as file:
        for statement in statements:
            file.execute(statement)
        file.commit()


def _table(connection: Connection, name: str) -> dict[str, Any]:
    inspector = inspect(connection)
    return {
        "columns": {
            c["name"]: (str(c["type"]), c["nullable"], c["default"])
            for c in inspector.get_columns(name)
        },
        "primary key": tuple(inspector.get_pk_constraint(name)["constrained_columns"]),
        "unique": {(u["name"], *u["column_names"]) for u in inspector.get_unique_constraints(name)},
        "foreign": {
            (f["name"], *f["constrained_columns"], f["referred_table"], *f["referred_columns"], *f["options"].values())
            for f in inspector.get_foreign_keys(name)
        },
        "checks": {(c["name"], c["sqltext"]) for c in inspector.get_check_constraints(name)},
        "indexes": {
            (i["name"], *i["column_names"], i["unique"], str(_where(i)))
            for i in inspector.get_indexes(name)
            if not i.get("duplicates_constraint")
        },
    }  # fmt: skip


def _where(index) -> str:
    options = index.get("dialect_options", {})
    found = [str(text) for name, text in options.items() if name.endswith("_where")]
    return "".join(found).strip("()")
