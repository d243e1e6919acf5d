"""A sync that is killed before any of its statements leaves what the next one brings to an end."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from backend.errors import RefusedError
from backend.models import User
from backend.sync.options import OnConflict
from tests.integration.sync.copies import Copy, kept, put_back
from tests.integration.sync.killing import KILLED, run_and_kill
from tests.integration.sync.pair import PULL, PUSH, Pair
from tests.integration.sync.world import World
from tests.seeds import seeded

# So many statements apart; to kill at every one takes minutes.
SPARSE, EVERY = 36, 1
WORDS = {"deletes": True, "on_conflict": OnConflict.LOCAL}


def prepare(pair: Pair, at_the_sync: Callable[[], None]) -> None:
    """A pair that was synced, and then changed on both sides in every way."""
    local, remote = pair.local, pair.remote
    group = local.add_group()
    ada = local.add_user("ada@example.com", "Ada")
    one, two = local.add_member(group, ada), local.add_member(group, None, "Guest")
    orders = [local.add_order(group, one, {one: 10 * n, two: 5}) for n in range(1, 5)]
    pair.push()
    pair.pull()
    at_the_sync()
    local.change_order(orders[0], title="Coffee", factor=2)
    remote.change_order(orders[0], title="Raki", factor=3)
    local.delete_order(orders[1])
    remote.change_order(orders[2], title="There", factor=2)
    local.change(User, ada, display_name="Ada L.")
    bo, cem = local.add_user("bo@example.com", "Bo"), remote.add_user("Bo@example.com", "Bo")
    local.add_order(group, local.add_member(group, bo), {one: 7, two: 8})
    remote.add_order(group, remote.add_member(group, cem), {one: 17, two: 18})


def finish(pair: Pair) -> None:
    for direction in (PUSH, PULL, PUSH):
        pair.sync(direction, **WORDS)


@dataclass(frozen=True)
class Restore:
    """Puts copies back: of both as they were before the run, of one as it was at the last sync."""

    both: Callable[[], Pair]
    earlier: Callable[[World], None]


@pytest.fixture
def again(pair, postgres_server, tmp_path) -> Iterator[Restore]:
    """Put both databases back to what `prepare` has left."""
    worlds = (pair.local, pair.remote)
    copies: list[Copy] = []
    earlier: list[Copy] = []

    def keep(to: list[Copy], name: str) -> None:
        to += [kept(one, postgres_server, tmp_path / f"{name}{n}") for n, one in enumerate(worlds)]

    prepare(pair, lambda: keep(earlier, "earlier"))
    keep(copies, "copy")

    def put_both_back() -> Pair:
        for world, copy in zip(worlds, copies, strict=True):
            put_back(world, copy, postgres_server)
        return pair  # type: ignore[no-any-return] # a fixture

    def put_back_earlier(world: World) -> None:
        put_back(world, earlier[worlds.index(world)], postgres_server)

    yield Restore(put_both_back, put_back_earlier)
    for copy in (*copies, *earlier):
        copy.remove(postgres_server)


@pytest.mark.parametrize("direction", [PUSH, PULL])
@pytest.mark.parametrize(
    "step", [SPARSE, pytest.param(EVERY, marks=[pytest.mark.slow, pytest.mark.timeout(3600)])]
)
def test_a_killed_sync_is_brought_to_its_end_by_the_next(again, direction, step):
    whole = again.both()
    whole.sync(direction, **WORDS)
    finish(whole)
    expected = whole.local.balances()
    assert whole.differences() == {}
    assert expected
    at, kills = seeded(direction).randrange(step) + 1, 0

    while True:
        pair = again.both()
        ended = run_and_kill(lambda: pair.sync(direction, **WORDS), at=at)  # noqa: B023 - run at once
        if ended == 0:
            break
        assert ended == KILLED
        kills += 1
        pair.sync(direction, **WORDS)
        finish(pair)
        assert pair.differences() == {}, at
        assert pair.local.balances() == pair.remote.balances(), at
        assert sorted(pair.local.balances().values()) == sorted(expected.values()), at
        assert pair.push(**WORDS).written == pair.pull(**WORDS).written == 0, at
        at += step

    assert kills > 2


@pytest.mark.parametrize("pair", ["sqlite-postgres"], indirect=True)
@pytest.mark.parametrize("direction", [PUSH, PULL])
@pytest.mark.parametrize(
    "step", [SPARSE, pytest.param(EVERY, marks=[pytest.mark.slow, pytest.mark.timeout(3600)])]
)
def test_a_source_put_back_after_a_kill_is_refused_or_loses_nothing(again, direction, step):
    at, refused = seeded(f"put back {direction}").randrange(step) + 1, 0

    while True:
        pair = again.both()
        ended = run_and_kill(lambda: pair.sync(direction, **WORDS), at=at)  # noqa: B023 - run at once
        again.earlier(pair.local if direction is PUSH else pair.remote)
        try:
            pair.sync(direction, **WORDS)
        except RefusedError:
            refused += 1
        else:
            finish(pair)
            assert pair.differences() == {}, at
            assert pair.verify() == [], at
        if ended == 0:
            break
        at += step

    assert refused
