"""One transfer: plan, archive, migrate, load or update, compare."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from backend.cli.progress import Watcher
from backend.db.errors import LOCK_NOT_TAKEN
from backend.db.locks import TRANSFER, advisory_lock
from backend.db.login_errors import given_up
from backend.db.sqlite_file import wal_path
from backend.errors import RefusedError, TransientError
from backend.tablecopy.shadow.schema import drop_shadow, left_over_shadows
from backend.transfer.archive import Archived, archive
from backend.transfer.check import check
from backend.transfer.endpoints import open_endpoints
from backend.transfer.load import load_and_swap, load_or_update
from backend.transfer.options import TransferMode, TransferOptions
from backend.transfer.plan import Plan, make_plan
from backend.transfer.report import Report
from backend.transfer.run import Run
from backend.transfer.update import update
from backend.transfer.verify import verify

FileState = list[tuple[int, int]]

_WRITTEN_TO = (
    "somebody wrote to the file meanwhile; what came after the state that was read is not in the"
    " target (--update brings it)"
)


def transfer(options: TransferOptions, watcher: Watcher) -> Report:
    """Do what the options say.

    Raises:
        RefusedError: there are obstacles; nothing has been touched.
        DatabaseError, LockHeldError: it cannot be done now; the target is as it was.
    """
    with _lost_connections_as_unavailable(), open_endpoints(options) as endpoints:
        opened = _file_state(options.source)
        watcher.stage("plan")
        plan = make_plan(options, endpoints)
        if options.dry_run:
            return plan.report()
        run = Run(options, endpoints, watcher, plan.match, notes=[*plan.notes()])
        if options.mode is TransferMode.CHECK and plan.match.pairs:
            return check(run, plan.obstacles)
        plan.refuse_obstacles()
        if options.mode is TransferMode.VERIFY:
            return verify(run)
        return _write(run, opened)


def _write(run: Run, opened: FileState) -> Report:
    """Change the target; `opened` is the state of the file when it was opened."""
    options, endpoints = run.options, run.endpoints
    if options.set_readonly:
        _check_owner(options.source)
    run.archived = _archived(run)
    with advisory_lock(endpoints.session, options.target, TRANSFER):
        plan = _prepared(run)
        run.match = plan.match
        report = _written(run, plan)
    if _file_state(options.source) != opened:
        report = report.with_note(_WRITTEN_TO)
    if options.set_readonly and not report.exit_code:
        return replace(report, set_readonly=_set_readonly(options.source))
    return report


def _written(run: Run, plan: Plan) -> Report:
    if run.options.mode is not TransferMode.UPDATE:
        return load_and_swap(run)
    return load_or_update(run) if plan.is_empty_target else update(run)


def _file_state(path: Path) -> FileState:
    """Return sizes and times of the file and its WAL, which change when somebody writes."""
    stats = [file.stat() for file in (path, wal_path(path)) if file.exists()]
    # A reader may leave an empty WAL behind.
    return [(stat.st_size, stat.st_mtime_ns) for stat in stats if stat.st_size]


def _archived(run: Run) -> Archived | None:
    folder = run.options.archive_folder
    if folder is None:
        return None
    run.watcher.stage("archive")
    file = run.endpoints.source.handle().path
    return archive(file, name=run.options.source.name, folder=folder)


def _prepared(run: Run) -> Plan:
    """Migrate if asked to, remove what a killed transfer left, and plan again."""
    options, endpoints = run.options, run.endpoints
    if options.migrate:
        from backend.migrate import upgrade

        with run.stage("migrate"):
            outcome = upgrade(options.target)
        run.migrated = tuple(one.revision.id for one in outcome.applied)
    for name in left_over_shadows(endpoints.session, endpoints.target.schema):
        drop_shadow(endpoints.session, name)
        run.notes.append(f"removed {name}, which a killed transfer had left")
    plan = make_plan(options, endpoints, tried=not run.migrated)
    plan.refuse_obstacles(migrated=run.migrated)
    run.notes += [note for note in plan.notes() if note not in run.notes]
    return plan


def _check_owner(path: Path) -> None:
    """Refuse early if the file's rights cannot be changed once the work is done."""
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
def _lost_connections_as_unavailable() -> Iterator[None]:
    """Turn a lost connection into "unavailable": an hour's work is not retried by itself."""
    try:
        yield
    except TransientError as error:
        if isinstance(error.__cause__, LOCK_NOT_TAKEN):
            # Somebody holds a lock: the same call may succeed later.
            raise
        raise given_up(error) from error
