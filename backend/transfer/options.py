"""What the operator asks for: the command line over the settings, contradictions refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from backend.config.database_url import DatabaseUrl, parse_database_url
from backend.config.settings import DEFAULT_SQLITE, Settings, load_settings
from backend.errors import ConfigError, UsageError
from backend.tablecopy.results import BATCH_ROWS
from backend.values.conversion import Casts


class Task(StrEnum):
    """What a run does."""

    LOAD = "load"
    REPLACE = "truncate"
    UPDATE = "update"
    CHECK = "check"
    VERIFY = "verify-only"


@dataclass(frozen=True)
class Tolerance:
    """Which differences between the two schemas are not in the way."""

    extra_tables: bool = False
    missing_tables: bool = False
    extra_columns: bool = False
    missing_columns: bool = False


@dataclass(frozen=True)
class Words:
    """The command line, as click read it."""

    sqlite: Path | None = None
    pg_url: str | None = None
    migrate: bool = False
    dry_run: bool = False
    check: bool = False
    verify_only: bool = False
    truncate: bool = False
    update: bool = False
    delete: bool = False
    allow_cascade: bool = False
    schema: str = "public"
    tables: str = ""
    exclude: str = ""
    tolerance: Tolerance = field(default_factory=Tolerance)
    casts: Casts = field(default_factory=Casts)
    batch_rows: int | None = None
    workers: int | None = None
    archive_sqlite: bool = False
    archive_dir: Path | None = None
    set_readonly: bool = False
    report: Path | None = None


@dataclass(frozen=True)
class Options:
    """One run: what is to be done, with which of the two databases, and how."""

    source: Path
    target: DatabaseUrl
    task: Task = Task.LOAD
    # What a run would do that a check is about.
    rehearsed: Task = Task.LOAD
    dry_run: bool = False
    delete: bool = False
    allow_cascade: bool = False
    migrate: bool = False
    schema: str = "public"
    tables: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    tolerance: Tolerance = field(default_factory=Tolerance)
    casts: Casts = field(default_factory=Casts)
    batch_rows: int | None = None
    workers: int | None = None
    archive_folder: Path | None = None
    set_readonly: bool = False
    report: Path | None = None

    @property
    def writes(self) -> bool:
        """Tell whether the target will be another one afterwards."""
        return not self.dry_run and self.task in {Task.LOAD, Task.REPLACE, Task.UPDATE}

    @property
    def way(self) -> Task:
        """Return what a run does, or what the one would do that a check is about."""
        return self.rehearsed if self.task is Task.CHECK else self.task

    @property
    def needs_workers(self) -> bool:
        """Tell whether there is more to do than to look and to answer."""
        return self.writes or (self.task is Task.VERIFY and not self.dry_run)

    @property
    def rows_at_once(self) -> int:
        """Say how many rows travel, and are compared, together."""
        return self.batch_rows or BATCH_ROWS


def read_options(words: Words, environ: Mapping[str, str]) -> Options:
    """Decide what is meant.

    Raises:
        UsageError: the command line contradicts itself.
        ConfigError: no Postgres is named, neither there nor in the settings.
    """
    settings = load_settings(environ)
    source = words.sqlite or settings.database.path or DEFAULT_SQLITE
    _refuse_contradictions(words)
    _see_report(words.report)
    return Options(
        source=source.absolute(),
        target=_target(words, settings),
        task=_task(words),
        rehearsed=_way(words),
        dry_run=words.dry_run,
        delete=words.delete,
        allow_cascade=words.allow_cascade,
        migrate=words.migrate,
        schema=words.schema,
        tables=_names(words.tables, "--tables"),
        excluded=_names(words.exclude, "--exclude"),
        tolerance=words.tolerance,
        casts=words.casts,
        batch_rows=words.batch_rows,
        workers=words.workers,
        archive_folder=_archive_folder(words, source),
        set_readonly=words.set_readonly,
        report=words.report,
    )


def _refuse_contradictions(words: Words) -> None:
    questions = {
        "--dry-run": words.dry_run,
        "--check": words.check,
        "--verify-only": words.verify_only,
    }
    ways = {"--truncate": words.truncate, "--update": words.update}
    changes = {
        "--migrate": words.migrate,
        "--archive-sqlite": words.archive_sqlite,
        "--set-readonly": words.set_readonly,
    }
    _at_most_one(questions, "ask one question at a time")
    _at_most_one(ways, "a target that holds rows is replaced or brought up to date, not both")
    if words.verify_only:
        _at_most_one({"--verify-only": True} | ways, "--verify-only changes nothing")
    if words.check or words.verify_only:
        question = _said(questions)[0]
        _at_most_one({question: True} | changes, f"{question} changes nothing")
    tables = {"--tables": bool(words.tables), "--exclude": bool(words.exclude)}
    _at_most_one(tables, "say which tables travel, or which do not")
    if words.migrate and words.schema != "public":
        raise UsageError("--migrate makes the app's tables in the schema public alone")
    if words.delete and not words.update:
        raise UsageError("--delete without --update", hint="say both, or neither")
    if words.allow_cascade and not words.update:
        raise UsageError("--allow-cascade without --update", hint="say both, or neither")
    if words.archive_dir and not words.archive_sqlite:
        raise UsageError("--archive-dir without --archive-sqlite", hint="say both, or neither")


def _at_most_one(flags: Mapping[str, bool], why: str) -> None:
    said = _said(flags)
    if len(said) > 1:
        raise UsageError(f"{' and '.join(said)} contradict each other", hint=why)


def _said(flags: Mapping[str, bool]) -> list[str]:
    return [flag for flag, said in flags.items() if said]


def _task(words: Words) -> Task:
    asked = {Task.CHECK: words.check, Task.VERIFY: words.verify_only}
    return next((task for task, said in asked.items() if said), _way(words))


def _way(words: Words) -> Task:
    asked = {Task.REPLACE: words.truncate, Task.UPDATE: words.update}
    return next((task for task, said in asked.items() if said), Task.LOAD)


def _target(words: Words, settings: Settings) -> DatabaseUrl:
    if words.pg_url:
        target = parse_database_url(words.pg_url, name="--pg-url")
        if target.engine != "postgres":
            raise UsageError("--pg-url names no Postgres", hint="use postgresql://USER@HOST/NAME")
        return target
    if settings.migrate_database.engine != "postgres":
        raise ConfigError(
            "no Postgres is configured to transfer to",
            hint="set MIGRATE_DATABASE_URL, or DB_ENGINE=postgres with PG_*, or name one with"
            " --pg-url (its password may stay in PGPASSWORD or in ~/.pgpass)",
        )
    return settings.migrate_database


def _names(text: str, flag: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if text and not names:
        raise UsageError(f"{flag} names no table", hint=f"as in {flag} users,groups")
    return names


def _archive_folder(words: Words, source: Path) -> Path | None:
    if not words.archive_sqlite:
        return None
    return (words.archive_dir or source.parent / "archive").absolute()


def _see_report(path: Path | None) -> None:
    """See that the report can be written, before hours of work that it is about."""
    if path and not path.absolute().parent.is_dir():
        raise UsageError(f"the folder of --report {path} is not there", hint="make it first")
