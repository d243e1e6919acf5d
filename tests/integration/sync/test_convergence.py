"""Whatever people do on both sides, and wherever a sync is cut off, both end up the same."""

from random import Random

import pytest

from backend.config.database_url import DatabaseUrl
from backend.integrity import check
from backend.sync.shape import OnConflict
from tests.integration.sync.pair import PUSH
from tests.integration.sync.world import act

ROUNDS = 25


class Cut(Exception):
    """Stands for a kill: no line of the sync runs after it."""


def test_both_sides_converge(pair, monkeypatch):
    random = Random(pair.local.database.engine + pair.remote.database.engine)
    for _ in range(30):
        act(random.choice([pair.local, pair.remote]), random, deletes=False)
    for number in range(ROUNDS):
        for _ in range(random.randrange(1, 8)):
            act(random.choice([pair.local, pair.remote]), random, deletes=number > 5)
        if random.random() < 0.5:
            pair.push(deletes=True)
            pair.pull(deletes=True)
        else:
            pair.pull(deletes=True)
            pair.push(deletes=True)
        reported = {one.key for one in pair.look().conflicts}
        again = pair.push(deletes=True), pair.pull(deletes=True)
        assert [one.written for one in again] == [0, 0], number
        assert not reported or pair.differences()
        if not reported:
            assert pair.differences() == {}, number
    choice = random.choice([OnConflict.LOCAL, OnConflict.REMOTE])
    pair.push(deletes=True, on_conflict=choice)
    pair.pull(deletes=True, on_conflict=choice)
    pair.push(deletes=True, on_conflict=choice)

    assert pair.look().conflicts == []
    assert pair.differences() == {}
    assert pair.local.balances() == pair.remote.balances() != {}
    assert pair.verify() == []
    for world in (pair.local, pair.remote):
        assert check(world.database).is_clean, check(world.database).lines()
