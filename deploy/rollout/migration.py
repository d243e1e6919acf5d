"""Run one release's migration, alone, before any of its code serves."""

from deploy.rollout import commands
from deploy.rollout.compose import recreate
from deploy.rollout.containers import containers_by_service
from deploy.rollout.errors import MigrationError, StackUnavailableError
from deploy.rollout.toolbox import Toolbox

SERVICE = "migrate"


def migrate_with(tools: Toolbox, image: str) -> None:
    """Point the migration at an image and run it to its end."""
    tools.images.move(tools.stack.migrate_image, image)
    # All of them, so that they are as the compose files describe them now.
    before = tools.stack.before_migration
    started = recreate(tools.compose, tools.runner, SERVICE, *before)
    if not started.ok:
        log_tail = "\n".join(tools.colors.log_tail(one_shot) for one_shot in before)
        raise StackUnavailableError(
            "what the migration depends on did not start",
            evidence=f"{started.said}\n{log_tail}",
        )
    container = containers_by_service(tools.runner, tools.stack.project)[SERVICE]
    ended = tools.runner.run(commands.wait(container.id), timeout=tools.settings.migrate_seconds)
    if ended.out.strip() != "0":
        raise MigrationError(
            f"the migration ended with exit code {ended.out.strip() or 'unknown'}",
            hint="the live release and its standby were not touched; mend the migration",
            evidence=tools.colors.log_tail(SERVICE),
        )
