"""What a rollout came to, for people and for machines."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from deploy.rollout.differences import Difference

if TYPE_CHECKING:
    from deploy.rollout.swap import Swap


@dataclass(frozen=True)
class Outcome:
    """The end of a rollout that did what it was asked to."""

    result: str
    live: str
    version: str
    previous: str
    drain_seconds: float = 0.0
    left_behind: int = 0
    # What was not touched though it is described otherwise by now, and how to bring it there.
    left_alone: tuple[Difference, ...] = ()

    @classmethod
    def of_swap(cls, swap: "Swap") -> "Outcome":
        """Sum up a swap."""
        return cls(
            result="deployed" if swap.kind == "deploy" else "rolled back",
            live=swap.scene.idle,
            version=swap.release.version,
            previous=swap.scene.live.version,
            drain_seconds=round(swap.drain_seconds, 2),
            left_behind=swap.left_behind,
            left_alone=swap.scene.left_alone,
        )

    @property
    def sentence(self) -> str:
        """Say it in one line."""
        return f"{self.result}: {self.live} serves {self.version} (before: {self.previous})"

    def as_dict(self) -> dict[str, Any]:
        """Return the outcome for machines."""
        return asdict(self)
