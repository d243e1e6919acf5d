"""The log of the sync: on stderr what somebody waits for, in a file what somebody looks up later.

Tables and keys are written, values are not: what people have typed stays out of a log.
"""

from __future__ import annotations

import logging
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TextIO

from backend.errors import AppError, ConfigError
from backend.logs import TextFormatter, redact
from backend.sync.report import RoundsReport, RunReport, SyncReport
from backend.sync.result import MergeConflict, PairStatus, SyncResult
from backend.sync.status_report import StatusReport

_MOST_BYTES = 1_000_000
_OLD_FILES = 3

log = logging.getLogger(__name__)


class _Dated(TextFormatter):
    """A line of the file says when."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """Return the line with the moment before it."""
        return f"{self.formatTime(record)} {super().formatMessage(record)}"


class _Private(RotatingFileHandler):
    """A file that nobody else may read."""

    def _open(self) -> TextIOWrapper:
        descriptor = os.open(self.baseFilename, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
        return os.fdopen(descriptor, "a", encoding="utf-8")

    def handleError(self, _record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Warn once that the log cannot be written; the run goes on."""
        error = sys.exc_info()[1]
        logging.getLogger("backend").removeHandler(self)
        reason = getattr(error, "strerror", None) or type(error).__name__
        log.warning("the log %s cannot be written any more: %s", self.baseFilename, reason)

    def close(self) -> None:
        """Close the file, whether or not its last lines could be written."""
        with suppress(OSError):
            super().close()


@contextmanager
def kept(path: Path | None, stream: TextIO) -> Iterator[None]:
    """Log to `stream` and into a file, if one is named, while the block runs.

    Raises:
        ConfigError: the file cannot be written.
    """
    # Ours alone: libraries tell things that nobody has asked for.
    ours = logging.getLogger("backend")
    before = ours.level
    handlers = [_to_stream(stream), *([_to_file(path)] if path else [])]
    ours.setLevel(logging.INFO)
    for handler in handlers:
        ours.addHandler(handler)
    try:
        yield
    except BaseException as error:
        _record_end(error)
        raise
    finally:
        ours.setLevel(before)
        for handler in handlers:
            ours.removeHandler(handler)
            handler.close()


def _record_end(error: BaseException) -> None:
    if isinstance(error, AppError):
        log.info("the run failed", extra={"fields": {"why": redact(error.args[0])}})
        return
    # Where, but not what it says: a driver's error may quote a row.
    where = "".join(traceback.format_tb(error.__traceback__))
    log.info("the run ended in an unexpected %s\n%s", type(error).__name__, where)


def record(answer: SyncReport) -> None:
    """Log the report of a command, row by row."""
    if isinstance(answer, RoundsReport):
        for run in answer.runs:
            _record_run(run.result)
    elif isinstance(answer, RunReport):
        _record_run(answer.result)
    elif isinstance(answer, StatusReport):
        _record_status(answer.status)
        for one in answer.mismatches or ():
            _event("difference", table=one.table, key=one.key)


def _record_run(result: SyncResult) -> None:
    for table, count in result.tables.items():
        if count.written or count.same:
            _event("table", table=table, **vars(count))
    for pair in result.paired:
        _event("paired", table=pair.table, local=pair.local_key, survivor=pair.survivor_key)
        for table, key in pair.moved:
            _event("moved", table=table, key=key)
    _record_conflicts(result.conflicts)
    for deletion in result.deletions:
        said = "deleted" if deletion.travelled else "deletion held back"
        _event(said, table=deletion.table, key=deletion.key)
    for table, number in result.waiting.items():
        _event("waiting", table=table, rows=number)
    _event(
        "dry run finished" if result.dry_run else "run finished",
        direction=result.direction.value,
        written=result.written,
        open_conflicts=len(result.open_conflicts),
        safety_copy=result.backup,
    )


def _record_status(status: PairStatus) -> None:
    travelling = {"to_remote": status.to_remote, "to_local": status.to_local}
    for way, tables in travelling.items():
        for table, number in tables.items():
            _event("pending", table=table, **{way: number})
    _record_conflicts(status.conflicts)
    _event("status finished", synced_at=status.synced_at)


def _record_conflicts(conflicts: list[MergeConflict]) -> None:
    for one in conflicts:
        columns = ",".join(dict.fromkeys(each.column for each in one.fields)) or None
        said, kept_one = f"conflict: {one.kind.value}", one.resolved or None
        _event(said, table=one.table, key=one.key, columns=columns, kept=kept_one)


def _event(what: str, **fields: object) -> None:
    log.info("%s", what, extra={"fields": fields})


def _to_stream(stream: TextIO) -> logging.Handler:
    """Let people see only what is unusual, at a terminal or not; the file tells the rest."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(TextFormatter())
    handler.setLevel(logging.WARNING)
    return handler


def _to_file(path: Path) -> logging.Handler:
    try:
        handler = _Private(path, maxBytes=_MOST_BYTES, backupCount=_OLD_FILES)
    except OSError as error:
        raise ConfigError(
            f"the log {path} cannot be written: {error.strerror}",
            hint="name a file that this user can write to with --log",
        ) from None
    handler.setFormatter(_Dated())
    return handler
