"""The command line of the sync."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import click

from backend.cli.answer import print_answer
from backend.cli.progress import Watcher, watching
from backend.cli.shell import run
from backend.cli.signals import interrupt_on_sigterm
from backend.config.env import over_file
from backend.config.settings import BACKEND
from backend.errors import ExitCode
from backend.sync import log_file
from backend.sync.options import (
    BATCH_SIZE,
    Cap,
    Direction,
    Endpoints,
    OnConflict,
    SyncArgs,
    read_cap,
    read_endpoints,
    read_options,
)
from backend.sync.report import SyncReport
from backend.sync.runner import read_status, sync, take_turns

_PATH = click.Path(path_type=Path)

_LOCAL_HELP = (
    "The database here: the path of a file, or an address.  [default: the configured one,"
    " backend/instance/hesap_paylas.db]"
)
_REMOTE_HELP = (
    "The hosted database. Other users of this machine can read a command line: leave the password"
    " to PGPASSWORD or ~/.pgpass.  [default: RENDER_DATABASE_URL, from the environment or .env]"
)
_LOG_HELP = "Keep a detailed log there.  [default: sync.log beside the local database]"
_STATUS_LOG_HELP = "Keep a detailed log there.  [default: none]"
_VERIFY_HELP = "Compare every row of both sides too. Exit 3 if they differ."
_DRY_RUN_HELP = "Say what would be done; write nothing."
_CONFLICT_HELP = (
    "What to do with a row that both sides have changed: report it and touch neither, or keep the"
    " one of that side, or the one that was changed later.  [default: report]"
)
_DELETES_HELP = "Let deletions travel too. Without it they are only reported."
_MAX_DELETES_HELP = "With --deletes: refuse to delete more than that in one table.  [default: 10%]"
_BATCH_HELP = f"Rows that travel together.  [default: {BATCH_SIZE}]"
_NO_BACKUP_HELP = "Write no script that takes the run back."
_BACKUP_DIR_HELP = "Where that script goes.  [default: sync-backups beside the local database]"
_START_OVER_HELP = (
    "Forget what the last sync left behind and compare both sides whole: after one of them was"
    " restored, emptied or replaced."
)
_MIRROR_HELP = (
    "Make the local database an exact copy of the remote one. What only the local one holds is"
    " lost, but for the copy of the file that is kept."
)

Command = Callable[..., int]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    return run(group, argv)


def _cap(_context: click.Context, _option: click.Parameter, text: str | None) -> Cap | None:
    return None if text is None else read_cap(text)


@click.group(
    "sync_databases.py",
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.pass_context
def group(context: click.Context) -> None:
    """Keep the database at home and the hosted one alike.

    Rows are written to one side only: into the hosted database by local2render, into the local
    one by render2local. A run can be interrupted and repeated at any time; the second one in a
    row writes nothing. Whoever wants both sides to hold the same says sync: it takes turns.

    \b
    Exit codes:
      0   done
      3   conflicts are open, or a comparison found a difference
      65  the data breaks a rule; nothing was written
      69  a database does not let us in; 75 it may later
      77  refused for safety; nothing was written
      78  a setting is missing or wrong
    """  # noqa: D301 - click's mark of a paragraph that keeps its lines
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def _common_options(log_help: str) -> Callable[[Command], Command]:
    """Add the options of every command."""

    def add(command: Command) -> Command:
        for option in (
            click.option("--json", "as_json", is_flag=True, help="Answer in JSON."),
            click.option("--log", type=_PATH, metavar="FILE", help=log_help),
            click.option("--remote", metavar="URL", help=_REMOTE_HELP),
            click.option("--local", metavar="PATH|URL", help=_LOCAL_HELP),
        ):
            command = option(command)
        return command

    return add


def _run_options(command: Command) -> Command:
    """Add the options of every command that writes."""
    batch, conflict = click.IntRange(1, 10_000), click.Choice([one.value for one in OnConflict])
    for option in (
        _common_options(_LOG_HELP),
        click.option("--start-over", is_flag=True, help=_START_OVER_HELP),
        click.option("--backup-dir", type=_PATH, metavar="DIR", help=_BACKUP_DIR_HELP),
        click.option("--no-backup", is_flag=True, help=_NO_BACKUP_HELP),
        click.option("--batch-size", type=batch, default=BATCH_SIZE, metavar="N", help=_BATCH_HELP),
        click.option("--max-deletes", metavar="N|N%", callback=_cap, help=_MAX_DELETES_HELP),
        click.option("--deletes", is_flag=True, help=_DELETES_HELP),
        click.option("--on-conflict", type=conflict, help=_CONFLICT_HELP),
        click.option("--dry-run", is_flag=True, help=_DRY_RUN_HELP),
    ):
        command = option(command)
    return command


@group.command("status", short_help="Say how both stand.")
@click.option("--verify", "verifying", is_flag=True, help=_VERIFY_HELP)
@_common_options(_STATUS_LOG_HELP)
def status(*, verifying: bool, log: Path | None, as_json: bool, **named: str | None) -> int:
    """Say what each side holds and what would travel; write nothing."""
    endpoints = _read_endpoints(**named)
    return _answer(partial(read_status, endpoints, verifying=verifying), log, as_json=as_json)


@group.command(Direction.LOCAL_TO_RENDER.value, short_help="Write into the hosted one.")
@_run_options
def local2render(**words: Any) -> int:  # click passes one word an option
    """Write what has changed here into the hosted database."""
    return _sync(Direction.LOCAL_TO_RENDER, words)


@group.command(Direction.RENDER_TO_LOCAL.value, short_help="Write into the local one.")
@click.option("--mirror", is_flag=True, help=_MIRROR_HELP)
@_run_options
def render2local(**words: Any) -> int:  # click passes one word an option
    """Write what has changed in the hosted database into the one here."""
    return _sync(Direction.RENDER_TO_LOCAL, words)


@group.command("sync", short_help="Take turns until nothing travels.")
@_run_options
def both(**words: Any) -> int:  # click passes one word an option
    """Run local2render and render2local in turn until nothing travels, five times each at most."""
    return _sync(None, words)


def _sync(direction: Direction | None, words: dict[str, Any]) -> int:  # as click read them
    endpoints = _read_endpoints(local=words.pop("local"), remote=words.pop("remote"))
    log, as_json = words.pop("log") or endpoints.folder / "sync.log", words.pop("as_json")
    kept = words.pop("on_conflict")
    asked = SyncArgs(on_conflict=OnConflict(kept) if kept else None, **words)
    options = read_options(direction or Direction.LOCAL_TO_RENDER, asked, endpoints)
    if direction is None:
        return _answer(partial(take_turns, endpoints, options), log, as_json=as_json)
    return _answer(partial(sync, endpoints, options, mirrored=asked.mirror), log, as_json=as_json)


def _read_endpoints(*, local: str | None, remote: str | None) -> Endpoints:
    return read_endpoints(local, remote, over_file(os.environ, BACKEND.parent / ".env"))


def _answer(work: Callable[[Watcher], SyncReport], log: Path | None, *, as_json: bool) -> int:
    """Run a command, print its report, and return its exit code."""
    interrupt_on_sigterm()
    with log_file.kept(log, sys.stderr):
        with _printing_notes(), watching(sys.stderr) as watcher:
            answer = work(watcher)
        log_file.record(answer)
    print_answer(answer, as_json=as_json)
    return ExitCode.DONE if answer.is_clean else ExitCode.FOUND_WANTING


@contextmanager
def _printing_notes() -> Iterator[None]:
    """Print what a run has committed when somebody stops it."""
    try:
        yield
    except KeyboardInterrupt as stopped:
        for note in getattr(stopped, "__notes__", ()):
            click.echo(note, err=True)
        raise
