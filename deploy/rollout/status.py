"""What `status` reports: types only; `inspect` fills them and `advice` judges them."""

from dataclasses import dataclass, field
from typing import Any

from deploy.rollout.differences import Difference
from deploy.rollout.history import Record
from deploy.rollout.route import Color


@dataclass(frozen=True)
class Advice:
    """Whether users are served, whether anything is wrong, and what to do about it."""

    serving: bool = True
    well: bool = True
    lines: tuple[str, ...] = ("nothing to do",)


@dataclass(frozen=True)
class ColorStatus:
    """One colour, as far as it could be read."""

    color: Color
    role: str
    state: str
    version: str
    ready: bool
    reason: str
    schema: dict[str, Any]
    proxy_check: str
    in_flight: int
    restarts: int
    exit_code: int
    started: str


@dataclass(frozen=True)
class StatusReport:
    """The stack at one moment."""

    stack: str
    address: str
    route: str
    route_in_process: str
    colors: list[ColorStatus]
    services: dict[str, str]
    disk_free: int
    disk_size: int
    lock: str
    interrupted: Record | None
    history: list[Record]
    external_database: bool = False
    # Servers that the compose files describe otherwise now: nothing is wrong with them.
    differences: tuple[Difference, ...] = ()
    advice: Advice = field(default_factory=Advice)

    def color_in_role(self, role: str) -> ColorStatus | None:
        """Return the colour in a role: `live`, `standby` or `idle`."""
        return next((color for color in self.colors if color.role == role), None)
