"""One revision: carried out by Alembic with its level noted in the same transaction, or printed."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from alembic import command
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection, insert, update

from backend.db.base import Base
from backend.db.schema_state import SchemaState
from backend.db.types import utc_now

if TYPE_CHECKING:
    from backend.migrate.backend import MigrationBackend
    from backend.migrate.history import History, Revision

# Taking away is what contract is for; the runner sees to it that nobody needs it any more.
_ALLOWED = "-- squawk-ignore-file ban-drop-column, ban-drop-table\n\n"


def run_revision(
    history: History,
    backend: MigrationBackend,
    revision: Revision,
    connection: Connection,
    *,
    is_dry_run: bool = False,
) -> None:
    """Apply `revision` and commit, unless the caller is inside a transaction of its own."""

    def finish(*, ctx: Any, **_kwargs: Any) -> None:  # Alembic calls it so
        _note_level(ctx.connection, revision)
        backend.check_revision(ctx.connection)

    config = history.config()
    config.attributes.update(
        connection=connection,
        options={
            "target_metadata": Base.metadata,  # for the names of constraints
            "on_version_apply": finish,
            "is_dry_run": is_dry_run,
        },
    )
    command.upgrade(config, revision.id)


def revision_sql(history: History, revision: str) -> str:
    """Return what `revision` sends to Postgres, without the runner's own records.

    Only a revision that asks the database nothing can be shown without one.
    """
    module = history.module(revision)
    statements = io.StringIO()
    options = {
        "as_sql": True,
        "output_buffer": statements,
        "target_metadata": Base.metadata,  # for the names of constraints
        "transactional_ddl": True,
    }
    context = MigrationContext.configure(dialect_name="postgresql", opts=options)
    with Operations.context(context), context.begin_transaction():
        module.upgrade()
    allowed = _ALLOWED if revision.startswith("contract") else ""
    return allowed + statements.getvalue()


def _note_level(connection: Connection, revision: Revision) -> None:
    column = f"{revision.phase}_level"
    values = {column: revision.level, "updated_at": utc_now()}
    if connection.execute(update(SchemaState).values(values)).rowcount == 0:
        start = {"id": 1, "expand_level": 0, "contract_level": 0}
        connection.execute(insert(SchemaState).values({**start, **values}))
