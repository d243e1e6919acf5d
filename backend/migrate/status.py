"""Answers about a database that change nothing: its levels, its drift."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from backend.migrate.backend import open_backend
from backend.migrate.drift import Drift, find_drift
from backend.migrate.history import Levels, Revision
from backend.migrate.plan import make_plan

if TYPE_CHECKING:
    from backend.migrate.runner import MigrationRequest


@dataclass(frozen=True)
class MigrationStatus:
    """The levels of a database beside what this release has for it."""

    levels: Levels | None
    newer: bool
    expand: tuple[Revision, ...]
    contract: tuple[Revision, ...]
    holder: str
    old_releases: tuple[str, ...]

    def lines(self) -> list[str]:
        """Return the lines that a person reads."""
        lines = [f"schema: {self.levels or 'none yet'}"]
        if self.newer:
            lines.append("this is the schema of a later release; it still fits this one")
        for phase, pending in (("expand", self.expand), ("contract", self.contract)):
            lines.append(f"pending in {phase}: {len(pending) or 'nothing'}")
            lines += [f"  {revision.id}  {revision.title}" for revision in pending]
        lines += [f"older release connected: {name}" for name in self.old_releases]
        return [*lines, f"migrating right now: {self.holder or 'nobody'}"]

    def as_dict(self) -> dict[str, Any]:  # what json.dumps takes
        """Return what --json prints."""
        return {
            "expand_level": self.levels.expand if self.levels else None,
            "contract_level": self.levels.contract if self.levels else None,
            "newer": self.newer,
            "pending": {
                "expand": [revision.id for revision in self.expand],
                "contract": [revision.id for revision in self.contract],
            },
            "holder": self.holder or None,
            "old_releases": list(self.old_releases),
        }


@dataclass(frozen=True)
class SchemaCheck:
    """What sets a database apart from the models."""

    pending: tuple[Revision, ...] = ()
    found: tuple[Drift, ...] = ()

    @property
    def drift(self) -> list[str]:
        """List what no pending revision explains."""
        return [one.text for one in self.found if not one.awaited]

    @property
    def awaited(self) -> list[str]:
        """List what is still there until it is contracted away."""
        return [one.text for one in self.found if one.awaited]

    @property
    def is_clean(self) -> bool:
        """Tell whether the database is what the models say."""
        return not self.pending and not self.drift

    def lines(self) -> list[str]:
        """Return the lines that a person reads."""
        lines = [f"pending: {revision.id}  {revision.title}" for revision in self.pending]
        lines += [f"drift: {text}" for text in self.drift]
        lines += [f"until contracted: {text}" for text in self.awaited]
        return lines or ["the database is exactly what the models say"]

    def as_dict(self) -> dict[str, Any]:  # what json.dumps takes
        """Return what --json prints."""
        return {
            "clean": self.is_clean,
            "pending": [revision.id for revision in self.pending],
            "drift": self.drift,
            "until_contracted": self.awaited,
        }


def status(request: MigrationRequest) -> MigrationStatus:
    """Return the levels of a database and who works on it; only reads."""
    with open_backend(request.database, request.timeouts) as backend:
        found = backend.inspect()
        plan = make_plan(request.history, found, "expand")
        heads = () if plan.newer else found.heads
        contract = () if plan.newer else request.history.pending("contract", heads)
        return MigrationStatus(
            found.levels,
            plan.newer,
            plan.pending,
            contract,
            backend.holder(),
            backend.old_releases(),
        )


def check(request: MigrationRequest) -> SchemaCheck:
    """Compare the database with the models, once every expand revision is applied.

    What the models lack is not drift while a contract revision is pending, or when a later
    release has been here.
    """
    with open_backend(request.database, request.timeouts) as backend:
        found = backend.inspect()
        plan = make_plan(request.history, found, "expand")
        if plan.pending:
            return SchemaCheck(pending=plan.pending)
        more = plan.newer or bool(request.history.pending("contract", found.heads))
        with backend.reading() as connection:
            compared = find_drift(connection, awaits_contract=more)
        broken = [
            Drift(f"index {name} is half built and unusable: run the migration again")
            for name in backend.broken_indexes()
        ]
        return SchemaCheck(found=(*compared, *broken))
