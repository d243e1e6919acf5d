"""What a run is going to do, decided before anything is touched."""

from __future__ import annotations

from dataclasses import dataclass

from backend.db.schema_state import TOLERATES_CONTRACT
from backend.errors import RefusedError
from backend.migrate.history import History, Levels, Phase, Revision
from backend.migrate.inspection import SchemaInspection


@dataclass(frozen=True)
class MigrationPlan:
    """The revisions to apply, in order, and the levels to start from."""

    phase: Phase
    levels: Levels
    pending: tuple[Revision, ...] = ()
    # The database went through revisions of a later release and still fits this one.
    newer: bool = False


def make_plan(history: History, found: SchemaInspection, phase: Phase) -> MigrationPlan:
    """Decide what `phase` has to do.

    Raises:
        RefusedError: the schema is one that this release cannot work with or cannot judge, or
            `contract` was asked for before `expand` is complete.
    """
    if found.levels is None:
        return _in_order(history, found, MigrationPlan(phase, Levels(), history.pending(phase, ())))
    if not history.knows(found.heads):
        return _newer(history, found, found.levels, phase)
    if history.levels(found.heads) != found.levels:
        raise RefusedError(
            f"the database's two records disagree: its revisions ({', '.join(found.heads)}) mean"
            f" {history.levels(found.heads)}, its schema_state says {found.levels}",
            hint="somebody has changed one of them by hand; put it right, or restore a backup",
        )
    plan = MigrationPlan(phase, found.levels, history.pending(phase, found.heads))
    return _in_order(history, found, plan)


def _in_order(history: History, found: SchemaInspection, plan: MigrationPlan) -> MigrationPlan:
    missing = history.pending("expand", found.heads) if plan.phase == "contract" else ()
    if missing:
        raise RefusedError(
            f"contract comes after expand, where these are still to be applied: {_listed(missing)}",
            hint="run --phase expand, deploy the release to both colours, then contract",
        )
    return plan


def _newer(
    history: History, found: SchemaInspection, levels: Levels, phase: Phase
) -> MigrationPlan:
    """Accept a schema that a later release has expanded, as long as it still fits this one."""
    tolerated = max(TOLERATES_CONTRACT, history.top("contract"))
    if levels.contract > tolerated:
        raise RefusedError(
            f"a later release has contracted the schema to level {levels.contract}, and this one"
            f" can work with {tolerated} at most",
            hint="start that later release again, or restore a backup from before the contraction",
        )
    if levels.expand < history.top("expand"):
        raise RefusedError(
            f"the database holds revisions that this release does not know"
            f" ({', '.join(found.heads)}), and lacks some that it has: two lines of development",
            hint="use the release that migrated this database last, or one made after it",
        )
    return MigrationPlan(phase, levels, newer=True)


def _listed(revisions: tuple[Revision, ...]) -> str:
    return ", ".join(revision.id for revision in revisions)
