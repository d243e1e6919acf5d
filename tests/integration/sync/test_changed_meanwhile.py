"""What changes while a sync is at work, or comes back to what it was, travels all the same."""

import pytest
from sqlalchemy import insert

from backend.models import Group, User
from backend.sync.connections import open_pair
from backend.sync.options import Cap, SyncOptions
from backend.sync.result import SyncResult
from backend.sync.sync import synchronise
from tests.integration.sync.homes import shared
from tests.integration.sync.pair import PULL, PUSH, Pair, Silent
from tests.integration.sync.test_refusals import sql

EITHER_SOURCE = pytest.mark.parametrize(
    "pair", ["sqlite-postgres", "postgres-sqlite"], indirect=True
)


def push_and_then(pair: Pair, deed) -> SyncResult:
    """Sync; something happens after the target's commit, before the source forgets."""
    with open_pair(pair.endpoints, writing=True) as opened:
        wanted = SyncOptions(PUSH, deletes=True, max_deletes=Cap(percent=100))
        return synchronise(opened.pair, wanted, Silent(), on_commit=lambda _outcome: deed())


@EITHER_SOURCE
def test_a_row_that_changes_again_before_the_source_forgets_travels_again(pair: Pair):
    home = shared(pair)
    pair.local.change(Group, home.group, name="One")

    push_and_then(pair, lambda: pair.local.change(Group, home.group, name="Two"))

    assert pair.remote.one(Group, home.group)["name"] == "One"
    assert pair.push().written == 1
    assert pair.remote.one(Group, home.group)["name"] == "Two"
    assert pair.differences() == {}


@EITHER_SOURCE
def test_a_row_that_comes_back_before_the_source_forgets_comes_back_on_both(pair: Pair):
    shared(pair)
    group = pair.local.add_group()
    pair.both()
    row = pair.local.one(Group, group)
    sql(pair.local, f"DELETE FROM groups WHERE name = 'Flat' AND id = '{spelled(pair, group)}'")

    push_and_then(pair, lambda: pair.local.do(insert(Group).values(row)))

    assert group not in pair.remote.ids(Group)
    assert pair.push().written == 1
    assert pair.differences() == {}


@EITHER_SOURCE
def test_an_account_that_goes_before_it_gets_the_other_ones_key_is_fetched_from_there(pair: Pair):
    shared(pair)
    ours, theirs = (world.add_user("bo@example.com") for world in (pair.local, pair.remote))
    gone = f"DELETE FROM users WHERE id = '{spelled(pair, ours)}'"

    pushed = push_and_then(pair, lambda: sql(pair.local, gone))

    assert len(pushed.paired) == 1
    pair.both()
    assert theirs in pair.local.ids(User)
    assert pair.differences() == {}


@EITHER_SOURCE
@pytest.mark.parametrize("direction", [PUSH, PULL])
def test_what_goes_back_to_what_it_was_is_not_taken_for_older(pair: Pair, direction):
    """The target was touched and put back: what it noted of that counts no longer after a sync."""
    source, target = (pair.local, pair.remote) if direction is PUSH else (pair.remote, pair.local)
    home = shared(pair)
    for name in ("Touched", "Flat"):
        sql(target, f"UPDATE groups SET name = '{name}'")
    sql(source, "UPDATE groups SET name = 'Another'")
    assert pair.sync(direction).written == 1
    sql(source, "UPDATE groups SET name = 'Flat'")

    outcome = pair.sync(direction)

    assert outcome.written == 1
    assert target.one(Group, home.group)["name"] == "Flat"


def spelled(pair: Pair, key) -> str:
    """Return a key as the local side holds it."""
    return key.hex if pair.local.database.path else str(key)
