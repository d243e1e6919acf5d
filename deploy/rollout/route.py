"""Which colour serves, and which may take over: the one line that decides it."""

from dataclasses import dataclass
from enum import StrEnum


class Color(StrEnum):
    """One of the two places a release can stand in."""

    BLUE = "blue"
    GREEN = "green"

    @property
    def other(self) -> "Color":
        """Return the opposite colour."""
        return Color.GREEN if self is Color.BLUE else Color.BLUE

    @property
    def service(self) -> str:
        """Return the name of the colour's service in the compose file."""
        return f"app-{self}"


@dataclass(frozen=True)
class Route:
    """The live colour, and whether the other one may take over if it dies."""

    live: Color
    has_spare: bool = False

    @classmethod
    def parse(cls, backend: str) -> "Route":
        """Read the name of one of the proxy's four backends."""
        for route in (cls(color, spare) for color in Color for spare in (False, True)):
            if route.backend == backend:
                return route
        raise ValueError(f"{backend!r} is not one of blue_none, green_none, blue_green, green_blue")

    @property
    def backend(self) -> str:
        """Return the proxy's name for this route."""
        return f"{self.live}_{self.live.other if self.has_spare else 'none'}"

    @property
    def idle(self) -> Color:
        """Return the colour that is not live."""
        return self.live.other
