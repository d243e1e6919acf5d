"""One unique value that both sides have given away, each to somebody else: nothing waits for it."""

from itertools import product

import pytest

from backend.models import Group, User
from backend.sync.options import OnConflict
from backend.sync.result import ConflictKind
from tests.integration.sync.pair import PULL, PUSH, Pair
from tests.integration.sync.world import World


def call(world: World, user, address: str) -> None:
    world.change(User, user, email=address, email_key=address)


def claim(one: World, other: World, first, second, tag: str) -> None:
    """One side gives the address to the second; the other side gives it to the first."""
    call(one, second, f"family-{tag}@example.com")
    call(other, second, f"second-{tag}@example.com")
    call(other, first, f"family-{tag}@example.com")


@pytest.mark.parametrize("pair", ["sqlite-postgres", "postgres-sqlite"], indirect=True)
@pytest.mark.parametrize("policy", OnConflict)
def test_an_address_that_both_sides_have_given_to_another_one(pair: Pair, policy):
    for number, (direction, is_home_first) in enumerate(product((PUSH, PULL), (False, True))):
        tag, batch_size = f"{number}", 1 if number == 3 else 100
        first, second = sorted(pair.local.add_user() for _ in range(2))
        pair.both()
        one, other = pair.local, pair.remote
        claim(*((one, other) if is_home_first else (other, one)), first, second, tag)
        source, target = (one, other) if direction is PUSH else (other, one)
        group = source.add_group(f"Travels all the same {tag}")

        outcome = pair.sync(direction, on_conflict=policy, batch_size=batch_size)

        assert group in target.ids(Group)
        told = {(each.key, each.kind) for each in outcome.open_conflicts}
        assert told <= {
            (str(first), ConflictKind.TAKEN),
            (str(second), ConflictKind.TAKEN),
            (str(second), ConflictKind.BOTH_CHANGED),
        }
        again = pair.both(on_conflict=policy, batch_size=batch_size)
        assert pair.unexplained(*again) == set()
        # People agree, and it is over.
        for world in (one, other):
            call(world, first, f"agreed-first-{tag}@example.com")
            call(world, second, f"agreed-second-{tag}@example.com")
        pair.both()
        assert pair.differences() == {}


def test_the_case_of_the_report_names_the_one_who_has_to_give_way(pair: Pair):
    first, second = sorted(pair.local.add_user() for _ in range(2))
    pair.both()
    claim(pair.local, pair.remote, first, second, "x")

    outcome = pair.pull(on_conflict=OnConflict.LOCAL)

    (left,) = outcome.open_conflicts
    assert (left.key, left.kind) == (str(first), ConflictKind.TAKEN)
    assert str(second) in left.because
    assert pair.local.one(User, second)["email"] == "family-x@example.com"
