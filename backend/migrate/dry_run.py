"""A dry run: the real revisions on the real data, and nothing of it stays."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, event

from backend.migrate.backend import MigrationBackend, open_backend
from backend.migrate.errors import migration_errors
from backend.migrate.history import Revision
from backend.migrate.plan import make_plan
from backend.migrate.revision import run_revision
from backend.migrations.outside import OutsideTransactionError

if TYPE_CHECKING:
    from backend.migrate.runner import MigrationRequest

# What the tools ask the catalogue is not part of the migration.
_QUESTIONS = ("PRAGMA", "SAVEPOINT", "RELEASE", "BEGIN")
_CATALOGS = ("pg_catalog", "sqlite_master", "FROM alembic_version", "pg_backend_pid")


@dataclass(frozen=True)
class TriedRevision:
    """One revision: its statements, and how long they took; None if it could not be tried."""

    revision: Revision
    milliseconds: int | None
    statements: tuple[str, ...] = ()


@dataclass(frozen=True)
class DryRun:
    """What a run would do."""

    tried: tuple[TriedRevision, ...]

    def lines(self) -> list[str]:
        """Return the lines that a person reads."""
        if not self.tried:
            return ["nothing to do"]
        lines = []
        for one in self.tried:
            took = "not tried" if one.milliseconds is None else f"{one.milliseconds} ms"
            lines.append(f"-- {one.revision.id}  {one.revision.title}  ({took})")
            lines += [f"{statement};" for statement in one.statements]
        if self.tried[-1].milliseconds is None:
            lines.append(
                "-- not tried: it runs outside of a transaction, or comes after such a one"
            )
        return [*lines, "-- nothing was written"]

    def as_dict(self) -> dict[str, Any]:  # what json.dumps takes
        """Return what --json prints."""
        return {
            "revisions": [
                {
                    "revision": one.revision.id,
                    "tried": one.milliseconds is not None,
                    "ms": one.milliseconds,
                    "statements": list(one.statements),
                }
                for one in self.tried
            ]
        }


def dry_run(request: MigrationRequest) -> DryRun:
    """Apply what is pending to a transaction or a copy that is thrown away."""
    with open_backend(request.database, request.timeouts) as backend:
        plan = make_plan(request.history, backend.inspect(), request.phase)
        if not plan.pending:
            return DryRun(())
        with backend.rolled_back() as connection:
            return DryRun(tuple(_try_all(request, backend, plan.pending, connection)))


def _try_all(
    request: MigrationRequest,
    backend: MigrationBackend,
    pending: tuple[Revision, ...],
    connection: Connection,
) -> Iterator[TriedRevision]:
    left = iter(pending)
    for revision in left:
        begun = time.monotonic()
        try:
            with _recorded(connection) as statements, migration_errors(revision):
                run_revision(request.history, backend, revision, connection, is_dry_run=True)
        except OutsideTransactionError:
            yield TriedRevision(revision, None)
            break
        yield TriedRevision(revision, round((time.monotonic() - begun) * 1000), tuple(statements))
    yield from (TriedRevision(revision, None) for revision in left)


@contextmanager
def _recorded(connection: Connection) -> Iterator[list[str]]:
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_others: object) -> None:
        if not (statement.startswith(_QUESTIONS) or any(name in statement for name in _CATALOGS)):
            statements.append(statement.strip())

    event.listen(connection, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(connection, "before_cursor_execute", note)
