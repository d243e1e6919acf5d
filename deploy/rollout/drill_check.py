"""Give the drills of the backups the release that serves: they ask its rules and its readiness.

The service runs the image that the migration has. It is no part of what users meet: a deploy
replaces it last, and stands though that fails.
"""

from collections.abc import Mapping

from deploy.rollout.compose import recreate
from deploy.rollout.containers import Container, containers_by_service
from deploy.rollout.differences import find_differences
from deploy.rollout.errors import RolloutError, StackUnavailableError
from deploy.rollout.stack import DRILL_CHECK
from deploy.rollout.toolbox import Toolbox

_BACKUP = "backup"


def renew_drill_check(tools: Toolbox, version: str) -> None:
    """Replace what looks at restored data by the release's own; a look that runs ends first.

    Where there are no backups yet, the next `up` begins it together with them.
    """
    try:
        containers = containers_by_service(tools.runner, tools.stack.project)
        if not _is_wanted(containers) or _is_as_described(tools, containers):
            return
        with tools.progress.step("drills", f"are looked at by {version}; a look that runs ends"):
            _replace(tools)
    except RolloutError as error:
        tools.progress.note(f"{error}; what serves is well. Start it by: {_command(tools)}")


def _is_wanted(containers: Mapping[str, Container]) -> bool:
    """Say whether there are drills here; a killed deploy may have left them without it."""
    return DRILL_CHECK in containers or _BACKUP in containers


def _is_as_described(tools: Toolbox, containers: Mapping[str, Container]) -> bool:
    differing = {one.service for one in find_differences(tools, containers)}
    container = containers.get(DRILL_CHECK)
    return bool(container and container.is_running and DRILL_CHECK not in differing)


def _replace(tools: Toolbox) -> None:
    result = recreate(tools.compose, tools.runner, DRILL_CHECK)
    if not result.ok:
        raise StackUnavailableError(f"{DRILL_CHECK} did not start: {result.said}")


def _command(tools: Toolbox) -> str:
    return f"{tools.compose.command_line} up --detach --no-deps {DRILL_CHECK}"
