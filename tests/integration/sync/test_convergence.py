"""Whatever people do on both sides, both end up the same: row by row, and to the last kurus."""

from contextlib import suppress
from random import Random

import pytest
from sqlalchemy.exc import IntegrityError

from backend.invariants import check
from backend.models import Order
from backend.sync.options import Cap, OnConflict
from backend.sync.result import ConflictKind
from tests.integration.sync.homes import household
from tests.integration.sync.pair import PULL, PUSH, Pair
from tests.integration.sync.people import act
from tests.integration.sync.shell import interfere
from tests.seeds import seeded

# Few rows: one deletion is more than a tenth of them.
ALL = {"deletes": True, "max_deletes": Cap(percent=100)}


def live_together(pair: Pair, random: Random, rounds: int) -> int:
    """Let people act on both sides and sync both ways; return how many conflicts there were."""
    conflicts = 0
    for number in range(rounds):
        for _ in range(random.randrange(1, 9)):
            act(random.choice([pair.local, pair.remote]), random, deletes=random.random() < 0.1)
        # Whatever is drawn: once, when both know the first order.
        if number == 1 or random.random() < 0.4:
            quarrel(pair, random)
        for direction in random.sample([PUSH, PULL], 2):
            pair.sync(direction, **ALL, batch_size=random.choice([1, 7, 100]))
        again = pair.push(**ALL), pair.pull(**ALL)
        assert [one.written for one in again] == [0, 0]
        assert pair.unexplained(*again) == set()
        conflicts += len(again[0].open_conflicts)
        assert pair.verify() == []
        if random.random() < 0.3:
            settle(pair, random.choice([OnConflict.LOCAL, OnConflict.REMOTE, OnConflict.NEWER]))
    return conflicts


def quarrel(pair: Pair, random: Random) -> None:
    """Let both sides change the same order, each in its own way."""
    shared = sorted(set(pair.local.ids(Order)) & set(pair.remote.ids(Order)))
    live = [one for one in shared if pair.local.one(Order, one)["deleted_at"] is None]
    for order in random.sample(live, min(1, len(live))):
        pair.local.change_order(order, title="Here", factor=2)
        if random.random() < 0.3:
            pair.remote.delete_order(order)
        else:
            pair.remote.change_order(order, title="There", factor=3)


def settle(pair: Pair, choice: OnConflict) -> None:
    """Let one side win; two people who claim the same address have to agree by themselves."""
    last = [pair.sync(one, **ALL, on_conflict=choice) for one in (PUSH, PULL, PUSH, PULL)][2:]
    left = [one.kind for outcome in last for one in outcome.open_conflicts]
    if choice is not OnConflict.NEWER:
        assert set(left) <= {ConflictKind.TAKEN}
    assert pair.unexplained(*last) == set()


def begin(pair: Pair, random: Random) -> None:
    """Different people use both sides before anybody thinks of a sync."""
    household(pair.local, "person0@example.com")
    for _ in range(60):
        act(random.choice([pair.local, pair.remote]), random)


@pytest.mark.parametrize("rounds", [4, pytest.param(12, marks=pytest.mark.slow)])
def test_both_sides_converge(pair, rounds):
    random = seeded(f"{pair.local.database.engine} {pair.remote.database.engine}")
    begin(pair, random)

    conflicts = live_together(pair, random, rounds)
    settle(pair, OnConflict.LOCAL)

    assert conflicts
    assert pair.inspect().conflicts == []
    assert pair.local.balances() == pair.remote.balances()
    assert pair.local.count(Order)
    for world in (pair.local, pair.remote):
        assert check(world.database).is_clean


@pytest.mark.parametrize("rounds", [3, pytest.param(40, marks=pytest.mark.slow)])
def test_both_sides_converge_though_somebody_works_past_the_app(pair, rounds):
    """Rows go for good and come back under other keys, on both sides, in batches of any size."""
    random = seeded(f"shell {rounds}")
    begin(pair, random)
    pair.both(**ALL)

    for _ in range(rounds):
        for _ in range(random.randrange(1, 8)):
            with suppress(IntegrityError):
                deed = random.choice([act, interfere])
                deed(random.choice([pair.local, pair.remote]), random)
        choice = random.choice([OnConflict.REPORT, OnConflict.LOCAL, OnConflict.REMOTE])
        words = {**ALL, "on_conflict": choice, "batch_size": random.choice([1, 5, 100])}
        for _ in range(2):
            pair.both(**words)

        again = pair.both(**words)
        assert [one.written for one in again] == [0, 0]
        assert pair.unexplained(*again) == set()
        assert pair.verify() == []

    for world in (pair.local, pair.remote):
        assert check(world.database).is_clean


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(10))
def test_both_sides_converge_for_long(pair, seed):
    random = seeded(f"long {pair.local.database.engine} {pair.remote.database.engine} {seed}")
    begin(pair, random)

    live_together(pair, random, rounds=100)
    settle(pair, OnConflict.REMOTE)

    assert pair.local.balances() == pair.remote.balances()
    assert pair.local.count(Order)
    for world in (pair.local, pair.remote):
        assert check(world.database).is_clean
