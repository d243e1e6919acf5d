"""`python -m backend`: what one can ask of the app's data, apart from serving it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from backend.admin.sqlite_load import measure
from backend.cli.answer import Answer, print_answer_about
from backend.cli.shell import run
from backend.config.database_choice import DatabaseChoice, choose_database
from backend.config.database_url import DatabaseUrl
from backend.demo.config import DemoConfig
from backend.demo.writer import fill
from backend.errors import ExitCode, UsageError
from backend.invariants.checks import check as check_invariants

_URL_HELP = (
    "A database URL, instead of the configured one. Other users of the machine can read it:"
    " for a password, DATABASE_URL is the better place."
)
_SIZE = click.IntRange(min=0, max=50_000_000)


@dataclass(frozen=True)
class AdminOptions:
    """Which database is meant, and how to answer."""

    db: Path | None
    url: str | None
    as_json: bool

    def database(self) -> DatabaseUrl:
        """Return the database, from the command line or from the settings."""
        return choose_database(DatabaseChoice(path=self.db, url=self.url), os.environ)

    def print_answer(self, database: DatabaseUrl, answer: Answer) -> None:
        """Print the answer."""
        print_answer_about(str(database), database.engine, answer, as_json=self.as_json)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    return run(backend, argv)


def _with_database_options(command: Callable[..., int]) -> Callable[..., int]:
    """Add the options that name a database and the form of the answer."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Answer in JSON."),
        click.option("--url", metavar="URL", help=_URL_HELP),
        click.option("--db", type=click.Path(path_type=Path), help="A SQLite file, instead."),
    ):
        command = option(command)
    return command


@click.group("backend", context_settings={"help_option_names": ["-h", "--help"]})
def backend() -> None:
    """Work with the data of the app: python -m backend COMMAND."""


@backend.command()
@click.option("--users", type=_SIZE, default=200, show_default=True, help="How many accounts.")
@click.option("--orders", type=_SIZE, default=2000, show_default=True, help="How many orders.")
@click.option("--seed", default=1, show_default=True, help="The same seed gives the same rows.")
@click.option("--add", is_flag=True, help="Write beside the rows that are there.")
@_with_database_options
def demo(users: int, orders: int, seed: int, *, add: bool, **words: Any) -> int:  # click's words
    """Fill a database with invented data; its schema is brought first.

    Every table gets rows. Nobody can log in to these accounts: no password fits their hashes.
    """
    options = AdminOptions(**words)
    database = options.database()
    options.print_answer(database, fill(database, DemoConfig(users, orders, seed), add=add))
    return ExitCode.DONE


@backend.command()
@_with_database_options
def check(**words: Any) -> int:  # click passes one word for each option
    """See that the data keeps every rule of the app; exit 3 if it does not. Only reads."""
    options = AdminOptions(**words)
    database = options.database()
    report = check_invariants(database)
    options.print_answer(database, report)
    return ExitCode.DONE if report.is_clean else ExitCode.FOUND_WANTING


@backend.command()
@click.option("--seconds", type=click.FloatRange(0, 3600), default=10.0, show_default=True)
@_with_database_options
def signals(seconds: float, **words: Any) -> int:  # click passes one word for each option
    """See how near a SQLite file is to its limits: waits for the lock, WAL, time of a backup."""
    options = AdminOptions(**words)
    database = options.database()
    if database.path is None:
        raise UsageError(f"{database} is no SQLite file", hint="name one with --db PATH")
    options.print_answer(database, measure(database.path, seconds=seconds))
    return ExitCode.DONE
