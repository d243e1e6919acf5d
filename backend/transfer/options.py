"""The options of a run: the command line over the settings; contradictions are refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from pathlib import Path

from backend.config.database_url import DatabaseUrl, parse_database_url
from backend.config.settings import DEFAULT_SQLITE, Settings, load_settings
from backend.errors import ConfigError, UsageError
from backend.tablecopy.results import BATCH_ROWS
from backend.values.conversion import Casts


class TransferMode(StrEnum):
    """What a run does."""

    LOAD = "load"
    REPLACE = "truncate"
    UPDATE = "update"
    CHECK = "check"
    VERIFY = "verify-only"


@dataclass(frozen=True)
class Tolerance:
    """Which differences between the two schemas are allowed."""

    extra_tables: bool = False
    missing_tables: bool = False
    extra_columns: bool = False
    missing_columns: bool = False


@dataclass(frozen=True, kw_only=True)
class _SharedOptions:
    """The options that a run takes as they stand on the command line."""

    dry_run: bool = False
    delete: bool = False
    allow_cascade: bool = False
    migrate: bool = False
    schema: str = "public"
    tolerance: Tolerance = field(default_factory=Tolerance)
    casts: Casts = field(default_factory=Casts)
    batch_rows: int | None = None
    workers: int | None = None
    set_readonly: bool = False
    report: Path | None = None


@dataclass(frozen=True)
class CliArgs(_SharedOptions):
    """The command line as click read it."""

    sqlite: Path | None = None
    pg_url: str | None = None
    check: bool = False
    verify_only: bool = False
    truncate: bool = False
    update: bool = False
    tables: str = ""
    exclude: str = ""
    archive_sqlite: bool = False
    archive_dir: Path | None = None


@dataclass(frozen=True)
class TransferOptions(_SharedOptions):
    """One run: what is to be done, with which of the two databases, and how."""

    source: Path
    target: DatabaseUrl
    mode: TransferMode = TransferMode.LOAD
    # With CHECK: the mode of the run that it is about.
    checked_mode: TransferMode = TransferMode.LOAD
    tables: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    archive_folder: Path | None = None

    @property
    def writes(self) -> bool:
        """Tell whether the run changes the target."""
        return not self.dry_run and self.mode not in {TransferMode.CHECK, TransferMode.VERIFY}

    @property
    def effective_mode(self) -> TransferMode:
        """Return the mode of the run, or of the one that a check is about."""
        return self.checked_mode if self.mode is TransferMode.CHECK else self.mode

    @property
    def needs_workers(self) -> bool:
        """Tell whether the run reads or writes whole tables."""
        return self.writes or (self.mode is TransferMode.VERIFY and not self.dry_run)

    @property
    def rows_per_batch(self) -> int:
        """Return how many rows travel, and are compared, together."""
        return self.batch_rows or BATCH_ROWS


def read_options(args: CliArgs, environ: Mapping[str, str]) -> TransferOptions:
    """Combine the command line and the settings.

    Raises:
        UsageError: the command line contradicts itself.
        ConfigError: no Postgres is named, neither there nor in the settings.
    """
    settings = load_settings(environ)
    source = args.sqlite or settings.database.path or DEFAULT_SQLITE
    _refuse_contradictions(args)
    _check_report_folder(args.report)
    shared = {one.name: getattr(args, one.name) for one in fields(_SharedOptions)}
    return TransferOptions(
        source=source.absolute(),
        target=_target(args, settings),
        mode=_mode(args),
        checked_mode=_write_mode(args),
        tables=_names(args.tables, "--tables"),
        excluded=_names(args.exclude, "--exclude"),
        archive_folder=_archive_folder(args, source),
        **shared,
    )


def _refuse_contradictions(args: CliArgs) -> None:
    questions = {
        "--dry-run": args.dry_run,
        "--check": args.check,
        "--verify-only": args.verify_only,
    }
    writing = {"--truncate": args.truncate, "--update": args.update}
    changes = {
        "--migrate": args.migrate,
        "--archive-sqlite": args.archive_sqlite,
        "--set-readonly": args.set_readonly,
    }
    _at_most_one(questions, "ask one question at a time")
    _at_most_one(writing, "a target that holds rows is replaced or brought up to date, not both")
    if args.verify_only:
        _at_most_one({"--verify-only": True} | writing, "--verify-only changes nothing")
    if args.check or args.verify_only:
        question = _given(questions)[0]
        _at_most_one({question: True} | changes, f"{question} changes nothing")
    tables = {"--tables": bool(args.tables), "--exclude": bool(args.exclude)}
    _at_most_one(tables, "say which tables travel, or which do not")
    if args.migrate and args.schema != "public":
        raise UsageError("--migrate makes the app's tables in the schema public alone")
    if args.delete and not args.update:
        raise UsageError("--delete without --update", hint="say both, or neither")
    if args.allow_cascade and not args.update:
        raise UsageError("--allow-cascade without --update", hint="say both, or neither")
    if args.archive_dir and not args.archive_sqlite:
        raise UsageError("--archive-dir without --archive-sqlite", hint="say both, or neither")


def _at_most_one(flags: Mapping[str, bool], why: str) -> None:
    said = _given(flags)
    if len(said) > 1:
        raise UsageError(f"{' and '.join(said)} contradict each other", hint=why)


def _given(flags: Mapping[str, bool]) -> list[str]:
    return [flag for flag, said in flags.items() if said]


def _mode(args: CliArgs) -> TransferMode:
    asked = {TransferMode.CHECK: args.check, TransferMode.VERIFY: args.verify_only}
    return next((mode for mode, said in asked.items() if said), _write_mode(args))


def _write_mode(args: CliArgs) -> TransferMode:
    asked = {TransferMode.REPLACE: args.truncate, TransferMode.UPDATE: args.update}
    return next((mode for mode, said in asked.items() if said), TransferMode.LOAD)


def _target(args: CliArgs, settings: Settings) -> DatabaseUrl:
    if args.pg_url:
        target = parse_database_url(args.pg_url, name="--pg-url")
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


def _archive_folder(args: CliArgs, source: Path) -> Path | None:
    if not args.archive_sqlite:
        return None
    return (args.archive_dir or source.parent / "archive").absolute()


def _check_report_folder(path: Path | None) -> None:
    """Refuse early if the folder of the report is missing."""
    if path and not path.absolute().parent.is_dir():
        raise UsageError(f"the folder of --report {path} is not there", hint="make it first")
