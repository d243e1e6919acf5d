"""The shell around every command: one line per error, the exit code of the error tree."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Sequence

import click

from backend.errors import AppError, ExitCode

log = logging.getLogger(__name__)
_NOWHERE = logging.NullHandler()


def run(command: click.Command, argv: Sequence[str] | None = None) -> int:
    """Run a click command and return its exit code instead of raising or exiting."""
    for stream in (sys.stdout, sys.stderr):
        # A Windows console in a Turkish code page would crash on the first ş or ₺.
        reconfigure: Callable[..., None] | None = getattr(stream, "reconfigure", None)
        if reconfigure:
            reconfigure(encoding="utf-8", errors="replace")
    # What goes wrong between two of its steps ends in an error of ours, which says more.
    logging.getLogger("psycopg").addHandler(_NOWHERE)
    try:
        result = command.main(
            args=None if argv is None else list(argv), standalone_mode=False, prog_name=command.name
        )
    except AppError as error:
        return _explain(error)
    except click.Abort:
        click.echo("stopped by the user", err=True)
        return 130
    except click.ClickException as error:
        error.show()
        return ExitCode.USAGE
    except Exception:
        log.exception("unexpected error in %s", command.name)
        return ExitCode.UNEXPECTED
    return result if isinstance(result, int) else ExitCode.DONE


def _explain(error: AppError) -> int:
    click.echo(f"error: {error.args[0]}", err=True)
    if error.hint:
        click.echo(f"hint:  {error.hint}", err=True)
    return error.exit_code
