"""A sync that is killed before any of its statements leaves what the next one brings to an end."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from backend.config.database_url import DatabaseUrl
from backend.models import User
from backend.sync.shape import OnConflict
from tests.fix_postgres import PostgresServer
from tests.integration.sync.killing import KILLED, run_and_kill
from tests.integration.sync.pair import PULL, PUSH, Pair
from tests.integration.sync.world import World

# So many statements apart; to kill at every one takes minutes.
SPARSE, EVERY = 23, 1
WORDS = {"deletes": True, "on_conflict": OnConflict.LOCAL}


def prepare(pair: Pair) -> None:
    """A pair that was synced, and then changed on both sides in every way."""
    local, remote = pair.local, pair.remote
    group = local.add_group()
    ada = local.add_user("ada@example.com", "Ada")
    one, two = local.add_member(group, ada), local.add_member(group, None, "Guest")
    orders = [local.add_order(group, one, {one: 10 * n, two: 5}) for n in range(1, 5)]
    pair.push()
    pair.pull()
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


@pytest.fixture
def again(pair, postgres_server, tmp_path) -> Iterator[Callable[[], Pair]]:
    """Put both databases back to what `prepare` has left."""
    prepare(pair)
    kept = [
        _kept(world, postgres_server, tmp_path / f"kept{number}")
        for number, world in enumerate((pair.local, pair.remote))
    ]

    def put_back() -> Pair:
        for world, copy in zip((pair.local, pair.remote), kept, strict=True):
            _put_back(world, copy, postgres_server)
        return pair  # type: ignore[no-any-return] # a fixture

    yield put_back
    for copy in kept:
        if isinstance(copy, DatabaseUrl):
            postgres_server.drop_database(copy)


def _kept(world: World, server: PostgresServer, path: Path) -> Path | DatabaseUrl:
    world.close()
    if world.database.path is None:
        copy = server.new_database()
        server.copy_database(world.database, copy)
        return copy
    with closing(sqlite3.connect(world.database.path)) as file:
        file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copyfile(world.database.path, path)
    return path


def _put_back(world: World, copy: Path | DatabaseUrl, server: PostgresServer) -> None:
    world.close()
    if isinstance(copy, DatabaseUrl):
        server.copy_database(copy, world.database)
        return
    assert world.database.path
    for suffix in ("-wal", "-shm"):
        Path(f"{world.database.path}{suffix}").unlink(missing_ok=True)
    shutil.copyfile(copy, world.database.path)


@pytest.mark.parametrize("direction", [PUSH, PULL])
@pytest.mark.parametrize(
    "step", [SPARSE, pytest.param(EVERY, marks=[pytest.mark.slow, pytest.mark.timeout(3600)])]
)
def test_a_killed_sync_is_brought_to_its_end_by_the_next(again, direction, step):
    whole = again()
    whole.sync(direction, **WORDS)
    finish(whole)
    expected = whole.local.balances()
    assert whole.differences() == {}
    assert expected
    at, kills = Random(direction).randrange(step) + 1, 0

    while True:
        pair = again()
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
