"""Whose database a stack runs on: its own, or one that somebody else runs."""

from collections.abc import Mapping

from deploy.rollout.containers import Container
from deploy.rollout.errors import UnsafeError
from deploy.rollout.route import Color
from deploy.rollout.stack import Stack


def refuse_other_database(stack: Stack, containers: Mapping[str, Container]) -> None:
    """Refuse compose files that describe another database than the one users are on.

    Half of the files of a stack on an external database describe a stack that would begin an empty
    one of its own.
    """
    for color in Color:
        container = containers.get(color.service)
        if container and container.external != stack.external:
            raise UnsafeError(
                f"{color.service} runs on {_database(container)}, these compose files are for"
                f" {_database(stack)}",
                hint="name the files that `up` was given, each with --file; to change the database,"
                " `docker compose ... up` with the new ones",
            )


def _database(of: Stack | Container) -> str:
    return "an external database" if of.external else "a database of its own"
