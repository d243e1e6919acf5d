"""The next revision as a draft: what Alembic makes of the difference to the models."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alembic import command
from sqlalchemy import Connection
from sqlalchemy.types import TypeDecorator

from backend.errors import FoundWanting, UsageError
from backend.migrate.backend import open_backend
from backend.migrate.drift import comparison
from backend.migrate.plan import make_plan

if TYPE_CHECKING:
    from backend.migrate.backend import MigrationBackend
    from backend.migrate.runner import MigrationRequest


@dataclass(frozen=True)
class GeneratedRevision:
    """A file for somebody to read, correct and complete."""

    path: Path

    def lines(self) -> list[str]:
        """Return the lines that a person reads."""
        return [
            f"written: {self.path}",
            "read it, make it fit the code that is running now, and draft the other engine's too",
        ]

    def as_dict(self) -> dict[str, Any]:  # what json.dumps takes
        """Return what --json prints."""
        return {"path": str(self.path)}


def generate_revision(request: MigrationRequest, title: str) -> GeneratedRevision:
    """Write the next revision of a phase; the database is only read.

    Raises:
        FoundWanting: revisions are pending, so the difference would hold theirs too.
    """
    with open_backend(request.database, request.timeouts) as backend:
        found = backend.inspect()
        plan = make_plan(request.history, found, "expand")
        if plan.newer or plan.pending or request.history.pending("contract", found.heads):
            raise FoundWanting(
                "the database is not where this history ends",
                hint="apply both phases first, best to a database made for this",
            )
        with backend.reading() as connection:
            return _write(request, backend, connection, title)


def _write(
    request: MigrationRequest, backend: MigrationBackend, connection: Connection, title: str
) -> GeneratedRevision:
    history, phase = request.history, request.phase
    level = history.top(phase) + 1
    config = history.config()
    config.set_main_option("file_template", f"{level:04}_%%(slug)s")
    config.attributes.update(
        connection=connection,
        options={
            **comparison(),
            "render_as_batch": backend.render_as_batch,
            "render_item": _plain_type,
            "dont_mutate": True,
        },
    )
    expand = f"expand_{history.top('expand'):04}"
    folder = history.folder / phase
    script = command.revision(
        config,
        title,
        autogenerate=True,
        rev_id=f"{phase}_{level:04}",
        head=f"{phase}_{level - 1:04}" if level > 1 else "base",
        branch_label=phase if level == 1 else None,
        depends_on=expand if phase == "contract" else None,
        version_path=str(folder),
    )
    if script is None or isinstance(script, list):
        raise UsageError("Alembic wrote no revision", hint="see what it says above")
    return GeneratedRevision(Path(script.path))


def _plain_type(kind: str, item: object, _context: object) -> str | bool:
    # A revision is never edited, so it must not change its meaning with a type of the app.
    if kind == "type" and isinstance(item, TypeDecorator):
        return f"sa.{item.impl!r}"
    return False
