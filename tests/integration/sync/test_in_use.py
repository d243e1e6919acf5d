"""Both sides are in use while they are synced: nothing that anybody writes meanwhile is lost."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial

import pytest
from sqlalchemy.exc import IntegrityError, OperationalError

from backend.errors import TransientError
from backend.invariants import check
from backend.sync.options import Cap, OnConflict
from backend.sync.retries import with_retries
from tests.integration.sync.homes import shared
from tests.integration.sync.pair import PULL, PUSH, Pair
from tests.integration.sync.people import act
from tests.integration.sync.world import World
from tests.seeds import seeded

ALL = {"deletes": True, "max_deletes": Cap(percent=100), "on_conflict": OnConflict.LOCAL}


@contextmanager
def busy(database, name: str) -> Iterator[list[int]]:
    """Let people write without a pause; the list counts what they have done."""
    world, random, done = World(database), seeded(name), [0]
    ended = threading.Event()

    def write() -> None:
        while not ended.is_set():
            # What somebody else was faster with, people do again, or let be.
            with suppress(IntegrityError, OperationalError):
                act(world, random, deletes=random.random() < 0.1, moves=False)
                done[0] += 1
            ended.wait(0.01)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield done
    finally:
        ended.set()
        thread.join(60)
        world.close()


def no_sleep(_seconds: float) -> None:
    """Try again at once."""


@pytest.mark.parametrize("rounds", [3, pytest.param(60, marks=pytest.mark.slow)])
def test_nothing_is_lost_that_is_written_meanwhile(pair: Pair, rounds):
    shared(pair)
    with busy(pair.local.database, "here") as here, busy(pair.remote.database, "there") as there:
        number = 0
        # As many rounds as it takes for both to have written more often than that.
        while number < rounds or min(here[0], there[0]) <= rounds:
            direction, number = (PUSH, PULL)[number % 2], number + 1
            try:
                with_retries(partial(pair.sync, direction, batch_size=3, **ALL), sleep=no_sleep)
            except TransientError:
                # Somebody else was faster every time; the next sync does it.
                continue

    last = [pair.sync(direction, **ALL) for direction in (PUSH, PULL, PUSH, PULL)][2:]
    assert [one for outcome in last for one in outcome.open_conflicts] == []
    assert pair.differences() == {}
    assert pair.verify() == []
    assert pair.local.balances() == pair.remote.balances() != {}
    for world in (pair.local, pair.remote):
        assert check(world.database).is_clean
