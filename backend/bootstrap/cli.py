"""`bootstrap`: heal roles, database and rights; `bootstrap rotate-superuser`."""

from __future__ import annotations

import logging
import os

import click

from backend.bootstrap import superuser
from backend.bootstrap.run import bootstrap
from backend.bootstrap.settings import load_bootstrap_settings
from backend.cli.shell import run


def main() -> int:
    """Run the command and return its exit code."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    return run(command)


@click.group(name="bootstrap", invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> None:
    """Make roles, database and rights where missing, and put right what has changed."""
    if context.invoked_subcommand is None:
        done = bootstrap(load_bootstrap_settings(os.environ))
        click.echo(f"roles and rights are as they should be ({done} corrected)")


@command.command("rotate-superuser")
def rotate_superuser() -> None:
    """Give the superuser a new password while everything runs."""
    superuser.rotate(load_bootstrap_settings(os.environ))
    click.echo("the superuser has a new password")
