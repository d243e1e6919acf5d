"""The shell around every command: one line per error, the exit code of the error tree."""

from __future__ import annotations

import errno
import logging
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress

import click

from backend.cli.driver_noise import without_noise
from backend.errors import AppError, DatabaseError, ExitCode

log = logging.getLogger(__name__)


def run(command: click.Command, argv: Sequence[str] | None = None) -> int:
    """Run a click command and return its exit code instead of raising or exiting."""
    for stream in (sys.stdout, sys.stderr):
        # A Windows console in a Turkish code page would crash on the first ş or ₺.
        reconfigure: Callable[..., None] | None = getattr(stream, "reconfigure", None)
        if reconfigure:
            reconfigure(encoding="utf-8", errors="replace")
    with without_noise():
        return _run(command, argv)


def _run(command: click.Command, argv: Sequence[str] | None) -> int:
    try:
        result = command.main(
            args=None if argv is None else list(argv), standalone_mode=False, prog_name=command.name
        )
        sys.stdout.flush()
    except AppError as error:
        return _explain(error)
    except (OSError, MemoryError) as error:
        return _stopped_by_system(error)
    except click.Abort:
        click.echo("stopped by the user", err=True)
        return 130
    except click.ClickException as error:
        with suppress(OSError):
            error.show()
        return ExitCode.USAGE
    except Exception:
        log.exception("unexpected error in %s", command.name)
        return ExitCode.UNEXPECTED
    return result if isinstance(result, int) else ExitCode.DONE


def _stopped_by_system(error: OSError | MemoryError) -> int:
    """Say what the system refuses: a disk is full, a file is gone, memory is short."""
    _forget_stdout()
    if isinstance(error, BrokenPipeError):
        return ExitCode.UNEXPECTED  # nobody reads the answer; click ends so too
    if isinstance(error, MemoryError):
        return _explain(DatabaseError("memory is short", hint="give the process more"))
    where = f"{error.filename}: " if error.filename else ""
    hint = "make room on the disk" if error.errno == errno.ENOSPC else ""
    return _explain(DatabaseError(f"{where}{error.strerror or error}", hint=hint))


def _forget_stdout() -> None:
    """Let what could not be written be: at its end Python would try once more, and complain."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _explain(error: AppError) -> int:
    # Where stderr cannot be written to, the exit code has to do.
    with suppress(OSError):
        click.echo(f"error: {error.args[0]}", err=True)
        if error.hint:
            click.echo(f"hint:  {error.hint}", err=True)
    return error.exit_code
