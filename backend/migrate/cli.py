"""The command line of the migration runner."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from backend.cli.answer import Answer, print_answer_about
from backend.cli.shell import run
from backend.config.database_choice import DatabaseChoice, choose_database
from backend.config.database_url import DatabaseUrl, EngineName
from backend.config.restore_points import restore_points_folder
from backend.errors import ExitCode, UsageError
from backend.migrate.autogenerate import generate_revision
from backend.migrate.backend import Timeouts
from backend.migrate.dry_run import dry_run
from backend.migrate.history import PHASES, History, Phase
from backend.migrate.revision import revision_sql
from backend.migrate.runner import MigrationRequest, migrate
from backend.migrate.status import check, status

# A question is answered at once or not at all; a migration at a first start has to be patient.
_WAIT_TO_MIGRATE = 60.0
_WAIT_TO_LOOK = 5.0

_PATH = click.Path(path_type=Path)
_SHORT = click.FloatRange(min=0.05, max=60)

_URL_HELP = (
    "A database URL, instead of the configured one. Other users of the machine can read it:"
    " for a password, MIGRATE_DATABASE_URL is the better place."
)
_DIR_HELP = "The history to apply.  [default: backend/migrations/ENGINE]"
_PHASE_HELP = (
    "expand only adds; contract takes away what no running release uses any more."
    "  [default: expand]"
)
_DRAFT_HELP = "Write the next revision of the phase, from how the models differ now."
_WAIT_HELP = (
    "How long to wait for the database, for another migrator, and for locks on tables."
    f"  [default: {_WAIT_TO_MIGRATE:.0f}; {_WAIT_TO_LOOK:.0f} for a question]"
)
_LOCK_TIMEOUT_HELP = (
    "How long one attempt waits for a lock on a table, and everybody else behind it.  [default: 2]"
)


@dataclass(frozen=True)
class MigrateOptions:
    """The command line, as click read it."""

    engine: EngineName | None
    db: Path | None
    url: str | None
    folder: Path | None
    phase: Phase
    status: bool
    check: bool
    dry_run: bool
    sql: str | None
    draft: str | None
    wait: float | None
    lock_timeout: float
    as_json: bool

    @property
    def questions(self) -> list[str]:
        """Return what is asked for instead of a migration."""
        asked = {"--status": self.status, "--check": self.check, "--dry-run": self.dry_run}
        asked |= {"--sql": bool(self.sql), "--draft": bool(self.draft)}
        return [name for name, wanted in asked.items() if wanted]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    return run(db_migrate, argv)


@click.command("db_migrate", context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--engine", type=click.Choice(["postgres", "sqlite"]), help="Which engine is meant.")
@click.option("--db", type=_PATH, help="A SQLite file, instead of the configured database.")
@click.option("--url", metavar="URL", help=_URL_HELP)
@click.option("--dir", "folder", type=_PATH, help=_DIR_HELP)
@click.option("--phase", type=click.Choice(PHASES), default="expand", help=_PHASE_HELP)
@click.option("--status", is_flag=True, help="Show levels, what is pending, who is migrating.")
@click.option("--check", is_flag=True, help="Compare with the models; exit 3 if they differ.")
@click.option(
    "--dry-run", is_flag=True, help="Try it on the real data, show the SQL, keep nothing."
)
@click.option("--sql", metavar="REVISION", help="Print one Postgres revision; needs no database.")
@click.option("--draft", metavar="TITLE", help=_DRAFT_HELP)
@click.option("--wait", type=click.FloatRange(min=0), metavar="SECONDS", help=_WAIT_HELP)
@click.option(
    "--lock-timeout", type=_SHORT, default=2.0, metavar="SECONDS", help=_LOCK_TIMEOUT_HELP
)
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def db_migrate(**words: Any) -> int:  # click passes one word for each option
    """Bring the database to the schema of this release.

    Looks first and touches nothing that is not its own, then applies each pending revision in a
    transaction of its own, alone. Running it again does no harm.
    """
    options = MigrateOptions(**words)
    if len(options.questions) > 1:
        raise UsageError(f"{' and '.join(options.questions)} are two questions", hint="ask one")
    if options.sql:
        click.echo(revision_sql(History.of("postgres", options.folder), options.sql), nl=False)
        return ExitCode.DONE
    return _answer(options)


def _answer(options: MigrateOptions) -> int:
    database = choose_database(DatabaseChoice(options.engine, options.db, options.url), os.environ)
    request = MigrationRequest(
        database,
        History.of(database.engine, options.folder),
        options.phase,
        _timeouts(options),
        restore_points_folder(os.environ),
    )
    if options.status:
        return _print(options, database, status(request))
    if options.check:
        finding = check(request)
        _print(options, database, finding)
        return ExitCode.DONE if finding.is_clean else ExitCode.FOUND_WANTING
    if options.draft:
        return _print(options, database, generate_revision(request, options.draft))
    return _print(options, database, dry_run(request) if options.dry_run else migrate(request))


def _timeouts(options: MigrateOptions) -> Timeouts:
    usual = _WAIT_TO_LOOK if options.questions else _WAIT_TO_MIGRATE
    return Timeouts(usual if options.wait is None else options.wait, options.lock_timeout)


def _print(options: MigrateOptions, database: DatabaseUrl, answer: Answer) -> int:
    print_answer_about(str(database), database.engine, answer, as_json=options.as_json)
    return ExitCode.DONE
