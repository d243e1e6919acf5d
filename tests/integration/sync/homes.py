"""What the tests of the sync begin with."""

from dataclasses import dataclass
from uuid import UUID

from tests.integration.sync.pair import Pair
from tests.integration.sync.world import World


@dataclass(frozen=True)
class Household:
    """A group of two, of which one has an account, with an order of 300 + 700."""

    group: UUID
    ada: UUID
    one: UUID
    two: UUID
    order: UUID


def household(world: World, email: str = "ada@example.com") -> Household:
    """Let two people live together."""
    ada, group = world.add_user(email, "Ada"), world.add_group()
    one, two = world.add_member(group, ada, "Ada"), world.add_member(group, None, "Guest")
    order = world.add_order(group, one, {one: 300, two: 700})
    return Household(group, ada, one, two, order)


def shared(pair: Pair) -> Household:
    """Let two people live together, whom both sides know."""
    home = household(pair.local)
    pair.both()
    return home
