"""The SQL of one Postgres revision by itself, for people and linters to read."""

from __future__ import annotations

import io

from alembic.migration import MigrationContext
from alembic.operations import Operations

from backend.db.base import Base
from backend.migrate.history import History

# Taking away is what contract is for; the runner sees to it that nobody needs it any more.
_MEANT = "-- squawk-ignore-file ban-drop-column, ban-drop-table\n\n"


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
    meant = _MEANT if revision.startswith("contract") else ""
    return meant + statements.getvalue()
