"""The command line of the backups."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, get_args

import click

from backend.backup.backups import BackupKind, Backups
from backend.backup.open_backups import open_backups
from backend.backup.restore_target import (
    LATEST,
    THIS_HOST,
    BackupSource,
    RestoreTarget,
    parse_target,
)
from backend.cli.answer import Answer, print_answer
from backend.cli.progress import Watcher, watching
from backend.cli.shell import run
from backend.cli.signals import interrupt_on_sigterm
from backend.config.env import over_file
from backend.config.settings import BACKEND
from backend.errors import ExitCode, RefusedError, UsageError
from backend.logs import TextFormatter

_DB_HELP = "A SQLite file, instead of the configured database."
_TYPE_HELP = "Of the cluster: everything, or what changed since.  [default: what is due]"
_TO_HELP = (
    "A time with its zone, as in '2026-11-21 10:00:00+03', or a name: one that `list` shows, or of"
    " the cluster before-expand-0003, the state before that migration."
)

_CLUSTER_HELP = "Whose backups, by the name of their folder, where no data tells."
_ESCROW_HELP = "On a new server: the file that `keygen` wrote on the old one."
_PHRASE_HELP = "A file with the pass phrase of the escrow, instead of asking for it."
_phrase_option = click.option(
    "--pass-phrase-file", "phrase_file", type=click.Path(path_type=Path), help=_PHRASE_HELP
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    return run(db_backup, argv)


def _with_options(command: Callable[..., int]) -> Callable[..., int]:
    """Add the options that every command takes."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Answer in JSON."),
        click.option("--db", type=click.Path(path_type=Path), help=_DB_HELP),
    ):
        command = option(command)
    return command


@click.group("db_backup", context_settings={"help_option_names": ["-h", "--help"]})
def db_backup() -> None:
    """Back the database up, prove that the backups bring back what was there, and restore.

    Exit codes: 3 a drill or a check failed, 65 no such backup, 69 the folder does not answer,
    75 another run is at work, 77 refused for safety, 78 a key or a setting is missing.
    """


@db_backup.command()
@_with_options
def status(*, db: Path | None, as_json: bool) -> int:
    """Show the newest backup, the newest proven one, and what somebody has to do."""
    return _print(_backups(db).status(), as_json=as_json)


@db_backup.command()
@click.option("--type", "kind", type=click.Choice(get_args(BackupKind)), help=_TYPE_HELP)
@_with_options
def create(*, kind: BackupKind | None, db: Path | None, as_json: bool) -> int:
    """Make a backup now, while people go on working."""
    backups = _backups(db)
    with _at_work() as watcher:
        answer = backups.create(kind, watcher)
    return _print(answer, as_json=as_json)


@db_backup.command("list")
@_with_options
def list_command(*, db: Path | None, as_json: bool) -> int:
    """List the backups, the oldest first."""
    return _print(_backups(db).list_backups(), as_json=as_json)


@db_backup.command()
@click.argument("name", required=False)
@_with_options
def drill(*, name: str | None, db: Path | None, as_json: bool) -> int:
    """Restore a backup into scratch and compare it exactly; exit 3 at any difference.

    Without a NAME it is the newest.
    """
    backups = _backups(db)
    with _at_work() as watcher:
        result = backups.drill(name, watcher)
    _print(result, as_json=as_json)
    return ExitCode.DONE if result.is_clean else ExitCode.FOUND_WANTING


@db_backup.command()
@_with_options
def verify(*, db: Path | None, as_json: bool) -> int:
    """Read every file of the repository; exit 3 if one is not as it was written."""
    backups = _backups(db)
    with _at_work() as watcher:
        result = backups.verify(watcher)
    _print(result, as_json=as_json)
    return ExitCode.DONE if result.is_clean else ExitCode.FOUND_WANTING


@db_backup.command()
@_phrase_option
@_with_options
def keygen(*, phrase_file: Path | None, db: Path | None, as_json: bool) -> int:
    """Print what opens the backups, to be kept off this host.

    Of the stack's cluster, write the escrow file too: all that a new server needs beside the
    backups, encrypted with a pass phrase.
    """
    answer = _backups(db).keygen(lambda: _pass_phrase(phrase_file, is_new=True))
    return _print(answer, as_json=as_json)


@db_backup.command()
@click.option("--latest", is_flag=True, help="The newest state that there is.")
@click.option("--to", metavar="TIME|NAME", help=_TO_HELP)
@click.option("--forget-old", is_flag=True, help="Remove what restores have put aside.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--cluster", metavar="NUMBER", default="", help=_CLUSTER_HELP)
@click.option("--escrow", type=click.Path(path_type=Path), help=_ESCROW_HELP)
@_phrase_option
@_with_options
def restore(
    *, latest: bool, to: str | None, forget_old: bool, yes: bool, **words: Any
) -> int:  # click passes one word for each option
    """Bring a state back: beside what is there, compared, then switched.

    What was there before is kept until `restore --forget-old`.
    """
    as_json = words["as_json"]
    if forget_old:
        _refuse_both(latest or to, "--forget-old restores nothing")
        return _print(_backups(words["db"]).forget_old(), as_json=as_json)
    target = _target(to, is_latest=latest)
    backups = _backups(words["db"], _source(words))
    plan = backups.plan_restore(target)
    # Said in any case: what is lost, and what cannot be compared.
    click.echo("\n".join(plan.lines()), err=True)
    if not yes:
        _ask()
    with _at_work() as watcher:
        answer = backups.restore(plan, watcher)
    return _print(answer, as_json=as_json)


@db_backup.command()
def serve() -> int:
    """Back up, drill and watch by the clock, until told to end."""
    interrupt_on_sigterm()
    return _backups(None).serve()


@db_backup.command(hidden=True)
def health() -> int:
    """Tell by the exit code whether the service and its backups are well."""
    return _backups(None).health()


def _backups(db: Path | None, source: BackupSource = THIS_HOST) -> Backups:
    return open_backups(db, over_file(os.environ, BACKEND.parent / ".env"), source)


def _source(words: dict[str, Any]) -> BackupSource:  # as above
    escrow = words["escrow"]
    phrase = _pass_phrase(words["phrase_file"], is_new=False) if escrow else ""
    return BackupSource(words["cluster"], escrow, phrase)


def _pass_phrase(file: Path | None, *, is_new: bool) -> str:
    """Return the pass phrase of an escrow, from a file or from a person."""
    if file is not None:
        return file.read_text(encoding="utf-8").rstrip("\r\n")
    if not sys.stdin.isatty():
        raise RefusedError("nobody is there to be asked", hint="name a --pass-phrase-file")
    phrase: str = click.prompt(
        "Pass phrase of the escrow", hide_input=True, confirmation_prompt=is_new, err=True
    )
    return phrase


def _target(to: str | None, *, is_latest: bool) -> RestoreTarget:
    if to:
        _refuse_both(is_latest, "--latest and --to name two states")
        return parse_target(to)
    if not is_latest:
        raise UsageError("restore to which state?", hint="say --latest or --to TIME or --to NAME")
    return LATEST


def _refuse_both(other: object, message: str) -> None:
    if other:
        raise UsageError(message, hint="keep one of them")


def _ask() -> None:
    """Let a person decide, who has seen the plan."""
    if not sys.stdin.isatty():
        raise RefusedError("nobody is there to be asked", hint="say --yes if this is meant")
    click.confirm("Restore it?", abort=True, err=True)


@contextmanager
def _at_work() -> Iterator[Watcher]:
    """Log to stderr, where a terminal shows bars instead; end as Ctrl-C does when told to."""
    handler = logging.StreamHandler()
    handler.setFormatter(TextFormatter())
    level = logging.WARNING if sys.stderr.isatty() else logging.INFO
    logging.basicConfig(level=level, handlers=[handler])
    # A drill says itself what the schema is.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    interrupt_on_sigterm()
    with watching(sys.stderr) as watcher:
        yield watcher


def _print(answer: Answer, *, as_json: bool) -> int:
    print_answer(answer, as_json=as_json)
    return ExitCode.DONE
