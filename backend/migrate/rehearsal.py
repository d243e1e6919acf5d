"""A dry run: the real revisions on the real data, and nothing of it stays."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, event

from backend.migrate.explain import explained
from backend.migrate.ground import Ground, ground_for
from backend.migrate.history import Revision
from backend.migrate.plan import make_plan
from backend.migrate.revision import run_revision
from backend.migrations.outside import OutsideTransactionError

if TYPE_CHECKING:
    from backend.migrate.runner import Request

# What the tools ask the catalogue is not part of the migration.
_QUESTIONS = ("PRAGMA", "SAVEPOINT", "RELEASE", "BEGIN")
_CATALOGS = ("pg_catalog", "sqlite_master", "FROM alembic_version", "pg_backend_pid")


@dataclass(frozen=True)
class Tried:
    """One revision: its statements, and how long they took; None if it could not be tried."""

    revision: Revision
    milliseconds: int | None
    statements: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rehearsal:
    """What a run would do."""

    tried: tuple[Tried, ...]

    def lines(self) -> list[str]:
        """Say it to people."""
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
        """Say it to machines."""
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


def rehearse(request: Request) -> Rehearsal:
    """Apply what is pending to a transaction or a copy that is thrown away."""
    ground = ground_for(request.database, request.patience)
    try:
        with explained():
            plan = make_plan(request.history, ground.survey(), request.phase)
            if not plan.pending:
                return Rehearsal(())
            with ground.rehearsing() as connection:
                return Rehearsal(tuple(_try_all(request, ground, plan.pending, connection)))
    finally:
        ground.close()


def _try_all(
    request: Request, ground: Ground, pending: tuple[Revision, ...], connection: Connection
) -> Iterator[Tried]:
    left = iter(pending)
    for revision in left:
        begun = time.monotonic()
        try:
            with _recorded(connection) as statements, explained(revision):
                run_revision(request.history, ground, revision, connection, rehearsal=True)
        except OutsideTransactionError:
            yield Tried(revision, None)
            break
        yield Tried(revision, round((time.monotonic() - begun) * 1000), tuple(statements))
    yield from (Tried(revision, None) for revision in left)


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
