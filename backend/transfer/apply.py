"""One run: plan, archive, migrate, load where nobody looks, compare, and only then be seen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from psycopg import errors

from backend.cli.progress import Watcher
from backend.db.locks import TRANSFER, advisory_lock
from backend.db.login_errors import given_up
from backend.db.sqlite_file import wal_path
from backend.errors import RefusedError, TransientError
from backend.tablecopy.shadow.schema import drop_shadow, left_over
from backend.transfer.archive import Archived, archive
from backend.transfer.checking import check
from backend.transfer.direct_load import fill
from backend.transfer.loading import load_and_swap
from backend.transfer.options import Options, Task
from backend.transfer.plan import Plan, make_plan
from backend.transfer.report import Report
from backend.transfer.run import Run
from backend.transfer.sides import opened
from backend.transfer.updating import update
from backend.transfer.verifying import verify

_WRITTEN_TO = (
    "somebody wrote to the file meanwhile; what came after the state that was read is not in the"
    " target (--update brings it)"
)
# Somebody holds a lock: the same call may succeed later.
_WAITED = (errors.LockNotAvailable, errors.DeadlockDetected)


def transfer(options: Options, watcher: Watcher) -> Report:
    """Do what the options say.

    Raises:
        RefusedError: something is in the way; nothing has been touched.
        DatabaseError, LockHeldError: it cannot be done now; the target is as it was.
    """
    with _lost_connections_told(), opened(options) as sides:
        watcher.stage("plan")
        plan = make_plan(options, sides)
        if options.dry_run:
            return plan.report()
        run = Run(options, sides, watcher, plan.pairing, notes=[*plan.notes()])
        if options.task is Task.CHECK and plan.pairing.pairs:
            return check(run, plan.obstacles)
        plan.refuse_obstacles()
        if options.task is Task.VERIFY:
            return verify(run)
        return _write(run)


def _write(run: Run) -> Report:
    options, sides = run.options, run.sides
    if options.set_readonly:
        _see_owner(options.source)
    run.archived = _archived(run)
    before = _state(options.source)
    with advisory_lock(sides.session, options.target, TRANSFER):
        plan = _prepared(run)
        run.pairing = plan.pairing
        report = _written(run, plan)
    if _state(options.source) != before:
        report = report.with_note(_WRITTEN_TO)
    if options.set_readonly and not report.exit_code:
        return replace(report, set_readonly=_set_readonly(options.source))
    return report


def _written(run: Run, plan: Plan) -> Report:
    if run.options.task is not Task.UPDATE:
        return load_and_swap(run)
    return fill(run) if plan.is_empty_target else update(run)


def _state(path: Path) -> list[tuple[int, int]]:
    """Return what changes when somebody writes to the file, or to its WAL."""
    stats = [file.stat() for file in (path, wal_path(path)) if file.exists()]
    # A reader may leave an empty WAL behind.
    return [(stat.st_size, stat.st_mtime_ns) for stat in stats if stat.st_size]


def _archived(run: Run) -> Archived | None:
    folder = run.options.archive_folder
    if folder is None:
        return None
    run.watcher.stage("archive")
    file = run.sides.source.handle().path
    return archive(file, name=run.options.source.name, folder=folder)


def _prepared(run: Run) -> Plan:
    """Bring the target's schema if asked to, remove what a killed transfer left, look again."""
    options, sides = run.options, run.sides
    if options.migrate:
        from backend.migrate import upgrade

        with run.stage("migrate"):
            outcome = upgrade(options.target)
        run.migrated = tuple(one.revision.id for one in outcome.applied)
    for name in left_over(sides.session, sides.target.schema):
        drop_shadow(sides.session, name)
        run.notes.append(f"removed {name}, which a killed transfer had left")
    plan = make_plan(options, sides, tried=not run.migrated)
    plan.refuse_obstacles(migrated=run.migrated)
    run.notes += [note for note in plan.notes() if note not in run.notes]
    return plan


def _see_owner(path: Path) -> None:
    """See that we may change the rights of the file, before the work that it comes after."""
    try:
        path.chmod(path.stat().st_mode)
    except OSError as error:
        raise RefusedError(
            f"{path} cannot be made read-only: {error.strerror}",
            hint="leave --set-readonly out, and let the owner do it afterwards: chmod a-w FILE",
        ) from None


def _set_readonly(path: Path) -> bool:
    path.chmod(path.stat().st_mode & ~0o222)
    return True


@contextmanager
def _lost_connections_told() -> Iterator[None]:
    """End in "unavailable" when the server is gone: an hour's work is not simply tried again."""
    try:
        yield
    except TransientError as error:
        if isinstance(error.__cause__, _WAITED):
            raise
        raise given_up(error) from error
