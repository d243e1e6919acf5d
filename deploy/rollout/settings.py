"""Time limits of a rollout, and the files that describe the stack."""

from dataclasses import dataclass
from pathlib import Path

DEPLOY = Path(__file__).resolve().parent.parent
COMPOSE_FILE = DEPLOY / "docker-compose.prod.pg.yml"


@dataclass(frozen=True)
class Settings:
    """What the command line may change; the defaults suit the stack as it comes."""

    files: tuple[Path, ...] = (COMPOSE_FILE,)
    # Until a started release is ready.
    ready_seconds: float = 60.0
    # How long the new release is watched once users meet it.
    watch_seconds: float = 10.0
    # Above the proxy's `timeout server`: no request lasts longer.
    drain_seconds: float = 70.0
    migrate_seconds: float = 1800.0
    # Releases whose images stay.
    keep: int = 5
