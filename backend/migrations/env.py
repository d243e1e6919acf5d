"""The Alembic environment of both engines; the runner hands in everything it needs."""

from __future__ import annotations

from alembic import context

attributes = context.config.attributes
if "connection" not in attributes:
    raise SystemExit("Alembic is not called directly here: python backend/db_migrate.py --help")

context.configure(
    connection=attributes["connection"],
    # SQLite too keeps DDL inside a transaction, once the driver does not begin its own.
    transactional_ddl=True,
    transaction_per_migration=True,
    **attributes["options"],
)
with context.begin_transaction():
    context.run_migrations()
