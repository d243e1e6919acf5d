"""Run one release's migration, alone, before any of its code serves."""

from deploy.rollout import commands
from deploy.rollout.containers import containers_by_service
from deploy.rollout.errors import MigrationError, StackUnavailableError
from deploy.rollout.starting import start_anew
from deploy.rollout.toolbox import Toolbox

SERVICE = "migrate"


def migrate_with(tools: Toolbox, image: str) -> None:
    """Point the migration at an image and run it to its end."""
    tools.images.move(tools.stack.migrate_image, image)
    # All of them, so that they are as the compose files describe them now.
    started = start_anew(tools.compose, tools.runner, SERVICE, *tools.stack.before_migration)
    if not started.ok:
        before = "external-db" if tools.stack.external else "bootstrap"
        evidence = f"{started.said}\n{tools.colors.last_words(before)}"
        raise StackUnavailableError(
            "what the migration depends on did not start", evidence=evidence
        )
    container = containers_by_service(tools.runner, tools.stack.project)[SERVICE]
    ended = tools.runner.run(commands.wait(container.id), timeout=tools.settings.migrate_seconds)
    if ended.out.strip() != "0":
        raise MigrationError(
            f"the migration ended with exit code {ended.out.strip() or 'unknown'}",
            hint="the live release and its standby were not touched; mend the migration",
            evidence=tools.colors.last_words(SERVICE),
        )
