"""Split an amount into parts that always add up to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID


def split_equally(total: int, members: Sequence[UUID], *, order_id: UUID) -> dict[UUID, int]:
    """Split `total` into parts that differ by one unit at most."""
    return split_by_weight(total, dict.fromkeys(members, 1), order_id=order_id)


def split_by_weight(total: int, weights: Mapping[UUID, int], *, order_id: UUID) -> dict[UUID, int]:
    """Split `total` in proportion to whole `weights`, by largest remainder.

    Among equal remainders the order decides who bears the odd unit, so that over many orders it
    is not always the same person; the result depends on nothing but the arguments.
    """
    everything = sum(weights.values())
    members = sorted(weights)
    first = order_id.int % len(members)
    turn = {member: (place - first) % len(members) for place, member in enumerate(members)}
    parts = {member: total * weights[member] // everything for member in members}
    remainder = {member: total * weights[member] % everything for member in members}
    left_over = total - sum(parts.values())
    for member in sorted(members, key=lambda each: (-remainder[each], turn[each]))[:left_over]:
        parts[member] += 1
    return parts
