"""The size of a demo, and the seed from which its ids, times and choices follow."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from uuid import UUID

ORDERS_PER_GROUP = 40
SPAN = timedelta(days=600)

_FIRST_MOMENT = datetime(2025, 3, 1, 8, 30, 0, 123456, tzinfo=UTC)


@dataclass(frozen=True)
class DemoConfig:
    """The size of a demo and the seed that decides everything else about it."""

    users: int
    orders: int
    seed: int = 1

    @property
    def groups(self) -> int:
        """Return over how many groups the orders are spread."""
        return max(1, -(-self.orders // ORDERS_PER_GROUP))

    def orders_of_group(self, number: int) -> int:
        """Return how many orders one group has."""
        return self.orders // self.groups + (number < self.orders % self.groups)

    def chance(self, kind: str, number: int) -> random.Random:
        """Return the random numbers of one thing; they do not depend on what was made before it."""
        return random.Random(f"{self.seed}:{kind}:{number}")  # noqa: S311 - invented data

    def moment(self, number: int, of: int) -> datetime:
        """Spread `of` events evenly over the time that the demo covers."""
        return _FIRST_MOMENT + SPAN * number / max(1, of)

    def identity(self, kind: str, number: int, moment: datetime) -> UUID:
        """Compute the UUIDv7 (RFC 9562) of one thing, the same at each call."""
        digest = blake2b(f"{self.seed}:{kind}:{number}".encode(), digest_size=10).digest()
        noise = int.from_bytes(digest, "big")
        milliseconds = int(moment.timestamp() * 1000)
        return UUID(
            int=milliseconds << 80
            | 7 << 76
            | (noise >> 68) << 64
            | 0b10 << 62
            | noise & (1 << 62) - 1
        )
