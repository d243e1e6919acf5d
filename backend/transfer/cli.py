"""The command line of the transfer."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from backend.cli.answer import print_answer
from backend.cli.progress import watching
from backend.cli.shell import run
from backend.cli.signals import interrupt_on_sigterm
from backend.logs import TextFormatter
from backend.tablecopy import worker_start
from backend.transfer.options import CliArgs, Tolerance, read_options
from backend.transfer.report import write_report
from backend.values.conversion import Casts

_PATH = click.Path(path_type=Path)

_SQLITE_HELP = "The file to read.  [default: the configured one, backend/instance/hesap_paylas.db]"
_URL_HELP = (
    "The Postgres to write to.  [default: MIGRATE_DATABASE_URL, DATABASE_URL or PG_*]  Other users"
    " of the machine can read it: leave the password to PGPASSWORD or ~/.pgpass."
)
_DRY_RUN_HELP = "Say what would be done, from a look at both sides; touch nothing."
_CHECK_HELP = "Name all values and rows that would be refused; touch nothing. Exit 65 if any."
_VERIFY_HELP = "Compare every row of both sides; touch nothing. Exit 3 if they differ."
_TRUNCATE_HELP = "Replace what the target holds. It stays as it is until the new rows are compared."
_UPDATE_HELP = "Write only the rows that differ into a target that holds some, in one transaction."
_DELETE_HELP = "With --update: remove the rows that only the target has."
_CASCADE_HELP = "With --update: let foreign keys act on tables that are left alone."
_ARCHIVE_HELP = "Before anything else, make a copy of the file and compare it."
_ARCHIVE_DIR_HELP = "Where that copy goes.  [default: a folder `archive` beside the file]"
_READONLY_HELP = "After success, take from everybody the right to write to the file."
_EMPTY_HELP = "Read '' in a column of dates or times as NULL."
_EPOCH_HELP = "Read numbers in a column of times as seconds or milliseconds since 1970."
_INTERVALS_HELP = "Read numbers in every column of spans of time as so many of this unit."
_NUL_HELP = "Put U+FFFD in place of the character NUL, which Postgres cannot store."
_BATCH_HELP = "Rows that travel, and are compared, together.  [default: as fits the machine]"
_WORKERS_HELP = "Processes that read and send.  [default: one for each core]"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    return run(transfer_command, argv)


def _allowances(command: Callable[..., int]) -> Callable[..., int]:
    """Add the flags that let the two schemas differ."""
    allowed = {
        "--allow-extra-tables": "Leave out tables that only the file has.",
        "--allow-missing-tables": "Leave alone tables that only the target has.",
        "--allow-extra-columns": "Leave out columns that only the file has.",
        "--allow-missing-columns": "Let columns that only the target has take their default.",
    }
    for flag, text in allowed.items():
        command = click.option(flag, is_flag=True, help=text)(command)
    return command


@click.command("db_transfer", context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--sqlite", type=_PATH, metavar="PATH", help=_SQLITE_HELP)
@click.option("--pg-url", metavar="URL", help=_URL_HELP)
@click.option("--migrate", is_flag=True, help="Bring the target to the app's schema first.")
@click.option("--dry-run", is_flag=True, help=_DRY_RUN_HELP)
@click.option("--check", is_flag=True, help=_CHECK_HELP)
@click.option("--verify-only", is_flag=True, help=_VERIFY_HELP)
@click.option("--truncate", is_flag=True, help=_TRUNCATE_HELP)
@click.option("--update", is_flag=True, help=_UPDATE_HELP)
@click.option("--delete", is_flag=True, help=_DELETE_HELP)
@click.option("--allow-cascade", is_flag=True, help=_CASCADE_HELP)
@click.option("--schema", default="public", help="The target's schema.  [default: public]")
@click.option("--tables", default="", metavar="A,B", help="Only these tables.")
@click.option("--exclude", default="", metavar="A,B", help="All tables but these.")
@_allowances
@click.option("--empty-datetime", type=click.Choice(["null"]), help=_EMPTY_HELP)
@click.option("--epoch-datetimes", type=click.Choice(["s", "ms"]), help=_EPOCH_HELP)
@click.option("--intervals", type=click.Choice(["us", "ms", "s", "days"]), help=_INTERVALS_HELP)
@click.option("--nul", type=click.Choice(["replace"]), help=_NUL_HELP)
@click.option("--batch-rows", type=click.IntRange(1, 1_000_000), help=_BATCH_HELP)
@click.option("--workers", type=click.IntRange(1, 16), help=_WORKERS_HELP)
@click.option("--archive-sqlite", is_flag=True, help=_ARCHIVE_HELP)
@click.option("--archive-dir", type=_PATH, metavar="FOLDER", help=_ARCHIVE_DIR_HELP)
@click.option("--set-readonly", is_flag=True, help=_READONLY_HELP)
@click.option("--report", type=_PATH, metavar="FILE", help="Keep everything found, as JSON.")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def transfer_command(*, as_json: bool, **values: Any) -> int:  # click passes one keyword an option
    """Move the rows of a SQLite file into Postgres, and compare every one of them.

    The file is only read. The target is empty, or holds everything: what is loaded becomes
    visible in one short transaction, after the comparison.
    """
    options = read_options(_cli_args(values), os.environ)
    if options.needs_workers:
        worker_start.preload()
    # Imported only now: this process and the workers load their modules at the same time.
    from backend.transfer.transfer import transfer

    _log_to_stderr()
    interrupt_on_sigterm()
    with watching(sys.stderr) as watcher:
        report = transfer(options, watcher)
    if options.report:
        write_report(report, options.report)
    print_answer(report, as_json=as_json)
    return report.exit_code


def _cli_args(values: dict[str, Any]) -> CliArgs:  # as click passes them
    tolerance = Tolerance(
        **{name: values.pop(f"allow_{name}") for name in Tolerance.__dataclass_fields__}
    )
    casts = Casts(
        empty_datetime=values.pop("empty_datetime") or "refuse",
        epoch_datetimes=values.pop("epoch_datetimes") or "refuse",
        intervals=values.pop("intervals") or "refuse",
        nul=values.pop("nul") or "refuse",
    )
    return CliArgs(**values, tolerance=tolerance, casts=casts)


def _log_to_stderr() -> None:
    """Write the log to stderr; on a terminal, which shows bars, only warnings."""
    handler = logging.StreamHandler()
    handler.setFormatter(TextFormatter())
    level = logging.WARNING if sys.stderr.isatty() else logging.INFO
    logging.basicConfig(level=level, handlers=[handler])
    # The answer names what was migrated.
    logging.getLogger("alembic").setLevel(logging.WARNING)
