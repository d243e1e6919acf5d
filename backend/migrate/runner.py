"""Bring a database to the schema of this release: look, lock, apply, verify."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NoReturn

from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_delay
from tenacity.wait import wait_random_exponential

from backend.config.database_url import DatabaseUrl
from backend.errors import DatabaseError, RefusedError, TransientError
from backend.migrate.explain import explained
from backend.migrate.ground import Ground, Lock, Patience, ground_for
from backend.migrate.history import History, Levels, Phase, Revision
from backend.migrate.plan import Plan, make_plan
from backend.migrate.revision import run_revision

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Applied:
    """One revision that is now part of the schema."""

    revision: Revision
    milliseconds: int


@dataclass(frozen=True)
class Outcome:
    """What a run found and did."""

    phase: Phase
    before: Levels
    after: Levels
    applied: tuple[Applied, ...] = ()
    newer: bool = False

    def lines(self) -> list[str]:
        """Say it to people."""
        lines = [
            f"{one.revision.id}  {one.revision.title}  {one.milliseconds} ms"
            for one in self.applied
        ]
        if self.newer:
            lines.append("the schema is that of a later release and still fits this one")
        if not self.applied:
            return [*lines, f"nothing to do; schema: {self.after}"]
        return [*lines, f"schema: {self.after} (was {self.before})"]

    def as_dict(self) -> dict[str, Any]:  # what json.dumps takes
        """Say it to machines."""
        return {
            "phase": self.phase,
            "applied": [
                {"revision": one.revision.id, "ms": one.milliseconds} for one in self.applied
            ],
            "expand_level": self.after.expand,
            "contract_level": self.after.contract,
            "newer": self.newer,
        }


@dataclass(frozen=True)
class Request:
    """What to migrate, and how far."""

    database: DatabaseUrl
    history: History
    phase: Phase = "expand"
    patience: Patience = field(default_factory=Patience)


def upgrade(database: DatabaseUrl, *, phase: Phase = "expand", wait: float = 60.0) -> Outcome:
    """Bring `database` to the schema that this release ships.

    Raises:
        RefusedError: the database is not ours, or too new; nothing has been touched.
        LockHeldError, DatabaseError, ConfigError: it cannot be done now, or not like this.
    """
    patience = Patience(wait=wait)
    return migrate(Request(database, History.of(database.engine), phase, patience))


def migrate(request: Request) -> Outcome:
    """Apply every pending revision of one phase, each in a transaction of its own."""
    ground = ground_for(request.database, request.patience)
    try:
        with explained():
            # Nothing has changed yet.
            plan = make_plan(request.history, ground.survey(), request.phase)
            if not plan.pending:
                return Outcome(plan.phase, plan.levels, plan.levels, newer=plan.newer)
            with ground.locked() as lock:
                return _migrate_alone(request, ground, lock)
    finally:
        ground.close()


def _migrate_alone(request: Request, ground: Ground, lock: Lock) -> Outcome:
    """Do it, now that nobody else can; look again first, for somebody may just have."""
    plan = make_plan(request.history, ground.survey(), request.phase)
    if plan.phase == "contract" and plan.pending:
        _refuse_old_releases(ground)
    # From here on we change things.
    applied = []
    for revision in plan.pending:
        lock.check()
        applied.append(_apply(request, ground, revision))
    return _verified(request, ground, plan, tuple(applied))


def _refuse_old_releases(ground: Ground) -> None:
    old = ground.old_releases()
    if old:
        raise RefusedError(
            f"contract takes away what an older release still uses: {', '.join(old)}",
            hint="deploy this release to both colours, or stop the idle one, then contract",
        )


def _apply(request: Request, ground: Ground, revision: Revision) -> Applied:
    """Apply one revision; when it meets a lock, undo it whole, step aside, and try again."""
    begun = time.monotonic()
    attempts = Retrying(
        retry=retry_if_exception(ground.is_worth_retrying),
        wait=wait_random_exponential(multiplier=0.3, max=10),
        stop=stop_after_delay(request.patience.wait),
        before_sleep=partial(_tell, ground, revision),
        retry_error_callback=partial(_give_up, ground, revision),
    )
    with explained(revision):
        attempts(_attempt, request, ground, revision)
    return Applied(revision, round((time.monotonic() - begun) * 1000))


def _tell(ground: Ground, revision: Revision, state: RetryCallState) -> None:
    log.warning(
        "revision waits revision=%s attempt=%d in_the_way=%s",
        revision.id,
        state.attempt_number,
        ground.who_is_in_the_way(),
    )


def _give_up(ground: Ground, revision: Revision, state: RetryCallState) -> NoReturn:
    raise TransientError(
        f"{revision.id} got no lock on its table in {state.attempt_number} attempts;"
        f" in the way: {ground.who_is_in_the_way()}",
        hint="nothing of it was kept; let that end, or give more time with --wait SECONDS",
    )


def _attempt(request: Request, ground: Ground, revision: Revision) -> None:
    with ground.writing() as connection:
        run_revision(request.history, ground, revision, connection)


def _verified(
    request: Request, ground: Ground, plan: Plan, applied: tuple[Applied, ...]
) -> Outcome:
    """See in the database itself that nothing is pending any more."""
    found = make_plan(request.history, ground.survey(), request.phase)
    if found.pending:
        raise DatabaseError(
            f"{found.pending[0].id} was applied, but the database does not say so",
            hint="see whether somebody else works on this database, then run it again",
        )
    return Outcome(plan.phase, plan.levels, found.levels, applied, found.newer)
