"""A large file goes into an empty Postgres by the transfer, and is synced from then on."""

import pytest
from sqlalchemy import update

from backend.models import Group, Order, User
from backend.sync import initial
from backend.sync.connections import open_pair
from backend.sync.initial import bulk_copy_for
from backend.sync.options import SyncOptions
from backend.sync.result import ConflictKind, SyncResult
from backend.sync.sync import synchronise
from tests.integration.sync.homes import household
from tests.integration.sync.pair import PULL, PUSH, Pair, Silent

pytestmark = pytest.mark.parametrize("pair", ["sqlite-postgres"], indirect=True)


@pytest.fixture(autouse=True)
def _few_are_many(monkeypatch):
    monkeypatch.setattr(initial, "LEAST_ROWS", 1)


def push(pair: Pair, before=lambda: None, after=lambda: None) -> tuple[SyncResult, list[bool]]:
    """Sync; something may happen just before and just after the bulk copy."""
    bulk, done = bulk_copy_for(pair.endpoints, PUSH), []
    assert bulk

    def between(tables):
        before()
        done.append(bulk(tables))
        after()
        return done[0]

    with open_pair(pair.endpoints, writing=True) as opened:
        return synchronise(opened.pair, SyncOptions(PUSH), Silent(), between), done


def test_every_row_arrives_and_the_second_run_writes_nothing(pair):
    home = household(pair.local)

    outcome, done = push(pair)

    assert done == [True]
    assert (outcome.first, outcome.written, outcome.compared) == (True, 8, 8)
    assert pair.local.dump() == pair.remote.dump()
    assert pair.push().written == pair.pull().written == 0
    pair.remote.change_order(home.order, title="There", factor=2)
    assert pair.pull().written == 4
    assert pair.verify() == []


def test_what_is_written_meanwhile_on_either_side_is_not_lost(pair):
    home = household(pair.local)

    def after() -> None:
        pair.local.change(Group, home.group, name="After")
        pair.remote.add_group("There")

    outcome, _ = push(
        pair,
        before=lambda: pair.local.change_order(home.order, title="Before", factor=2),
        after=after,
    )
    pulled = pair.pull()

    assert outcome.conflicts == pulled.conflicts == []
    assert pair.differences() == {}
    assert pair.remote.one(Order, home.order)["title"] == "Before"
    assert pair.remote.one(Group, home.group)["name"] == "After"
    assert pair.local.count(Group) == 2


def test_what_the_transfer_refuses_is_told_by_the_sync(pair):
    home = household(pair.local)
    pair.local.do(update(Group).values(name="a\0b"))

    outcome, done = push(pair)

    assert done == [False]
    (told,) = outcome.open_conflicts
    assert (told.kind, told.key) == (ConflictKind.UNFIT, str(home.group))
    assert "name does not hold a text" in told.because
    assert pair.remote.ids(User) == [home.ada]


def test_no_password_stands_where_others_can_read_it(pair, monkeypatch):
    seen: list[object] = []
    bulk = bulk_copy_for(pair.endpoints, PUSH)
    monkeypatch.setattr("subprocess.run", lambda words, **more: seen.append((words, more["env"])))

    assert bulk
    with pytest.raises(AttributeError):
        bulk(("users",))

    assert pair.remote.database.password
    assert pair.remote.database.password not in str(seen)
    assert bulk_copy_for(pair.endpoints, PULL) is None
