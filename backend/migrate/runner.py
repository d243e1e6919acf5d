"""Bring a database to the schema of this release: inspect, lock, apply, verify."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_delay
from tenacity.wait import wait_random_exponential

from backend.config.database_url import DatabaseUrl
from backend.db.errors import is_lock_not_taken
from backend.errors import DatabaseError, RefusedError, TransientError
from backend.migrate.backend import Lock, MigrationBackend, Timeouts, open_backend
from backend.migrate.errors import migration_errors
from backend.migrate.history import History, Levels, Phase, Revision
from backend.migrate.plan import MigrationPlan, make_plan
from backend.migrate.restore_point import note_restore_point, restore_point_name
from backend.migrate.revision import run_revision

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class AppliedRevision:
    """One revision that is now part of the schema."""

    revision: Revision
    milliseconds: int


@dataclass(frozen=True)
class MigrationResult:
    """What a run found and did."""

    phase: Phase
    before: Levels
    after: Levels
    applied: tuple[AppliedRevision, ...] = ()
    newer: bool = False
    restore_point: str = ""

    def lines(self) -> list[str]:
        """Return the lines that a person reads."""
        lines = [
            f"{one.revision.id}  {one.revision.title}  {one.milliseconds} ms"
            for one in self.applied
        ]
        if self.newer:
            lines.append("the schema is that of a later release and still fits this one")
        if not self.applied:
            return [*lines, f"nothing to do; schema: {self.after}"]
        if self.restore_point:
            lines.append(f"the way back is restore --to {self.restore_point}")
        return [*lines, f"schema: {self.after} (was {self.before})"]

    def as_dict(self) -> dict[str, Any]:  # what json.dumps takes
        """Return what --json prints."""
        return {
            "phase": self.phase,
            "applied": [
                {"revision": one.revision.id, "ms": one.milliseconds} for one in self.applied
            ],
            "expand_level": self.after.expand,
            "contract_level": self.after.contract,
            "newer": self.newer,
            "restore_point": self.restore_point or None,
        }


@dataclass(frozen=True)
class MigrationRequest:
    """What to migrate, and how far; the backups read what is put into `restore_points`."""

    database: DatabaseUrl
    history: History
    phase: Phase = "expand"
    timeouts: Timeouts = field(default_factory=Timeouts)
    restore_points: Path | None = None


def upgrade(
    database: DatabaseUrl, *, phase: Phase = "expand", wait: float = 60.0
) -> MigrationResult:
    """Bring `database` to the schema that this release ships.

    Raises:
        RefusedError: the database is not ours, or too new; nothing has been touched.
        LockHeldError, DatabaseError, ConfigError: it cannot be done now, or not like this.
    """
    timeouts = Timeouts(wait=wait)
    return migrate(MigrationRequest(database, History.of(database.engine), phase, timeouts))


def migrate(request: MigrationRequest) -> MigrationResult:
    """Apply every pending revision of one phase, each in a transaction of its own."""
    with open_backend(request.database, request.timeouts) as backend:
        # Nothing has changed yet.
        plan = make_plan(request.history, backend.inspect(), request.phase)
        if not plan.pending:
            return MigrationResult(plan.phase, plan.levels, plan.levels, newer=plan.newer)
        with backend.locked() as lock:
            return _migrate_locked(request, backend, lock)


def _migrate_locked(
    request: MigrationRequest, backend: MigrationBackend, lock: Lock
) -> MigrationResult:
    """Migrate under the lock; plan anew, because another run may have migrated meanwhile."""
    plan = make_plan(request.history, backend.inspect(), request.phase)
    if plan.phase == "contract" and plan.pending:
        _refuse_old_releases(backend)
    # From here on we change things.
    point = _make_restore_point(request, backend, plan)
    applied = []
    for revision in plan.pending:
        lock.check()
        applied.append(_apply(request, backend, revision))
    return replace(_verified(request, backend, plan, tuple(applied)), restore_point=point)


def _make_restore_point(
    request: MigrationRequest, backend: MigrationBackend, plan: MigrationPlan
) -> str:
    """Name the state before a run; a database without any has none to go back to."""
    if not plan.pending or plan.levels == Levels():
        return ""
    at = datetime.now(UTC)
    point = backend.create_restore_point(restore_point_name(plan.pending[0], at))
    if point and request.restore_points:
        note_restore_point(request.restore_points, point, at)
    return point.name if point else ""


def _refuse_old_releases(backend: MigrationBackend) -> None:
    old = backend.old_releases()
    if old:
        raise RefusedError(
            f"contract takes away what an older release still uses: {', '.join(old)}",
            hint="deploy this release to both colours, or stop the idle one, then contract",
        )


def _apply(
    request: MigrationRequest, backend: MigrationBackend, revision: Revision
) -> AppliedRevision:
    """Apply one revision; when it meets a lock, undo it whole, step aside, and try again."""
    begun = time.monotonic()
    attempts = Retrying(
        retry=retry_if_exception(is_lock_not_taken),
        wait=wait_random_exponential(multiplier=0.3, max=10),
        stop=stop_after_delay(request.timeouts.wait),
        before_sleep=partial(_log_wait, backend, revision),
        retry_error_callback=partial(_give_up, backend, revision),
    )
    with migration_errors(revision):
        attempts(_attempt, request, backend, revision)
    return AppliedRevision(revision, round((time.monotonic() - begun) * 1000))


def _log_wait(backend: MigrationBackend, revision: Revision, state: RetryCallState) -> None:
    log.warning(
        "revision waits revision=%s attempt=%d in_the_way=%s",
        revision.id,
        state.attempt_number,
        backend.blocking_process(),
    )


def _give_up(backend: MigrationBackend, revision: Revision, state: RetryCallState) -> NoReturn:
    raise TransientError(
        f"{revision.id} got no lock on its table in {state.attempt_number} attempts;"
        f" in the way: {backend.blocking_process()}",
        hint="nothing of it was kept; let that end, or give more time with --wait SECONDS",
    )


def _attempt(request: MigrationRequest, backend: MigrationBackend, revision: Revision) -> None:
    with backend.writing() as connection:
        run_revision(request.history, backend, revision, connection)


def _verified(
    request: MigrationRequest,
    backend: MigrationBackend,
    plan: MigrationPlan,
    applied: tuple[AppliedRevision, ...],
) -> MigrationResult:
    """Check in the database itself that nothing is pending any more."""
    found = make_plan(request.history, backend.inspect(), request.phase)
    if found.pending:
        raise DatabaseError(
            f"{found.pending[0].id} was applied, but the database does not say so",
            hint="see whether somebody else works on this database, then run it again",
        )
    return MigrationResult(plan.phase, plan.levels, found.levels, applied, found.newer)
