"""Columns that the models do not know: what both sides have travels, the rest is named."""

from collections.abc import Callable
from typing import Any

import pytest

from backend.db.ids import new_id
from backend.errors import RefusedError
from backend.models import Group, GroupMember
from backend.sync.connections import open_pair
from backend.sync.mirror import mirror
from backend.sync.options import OnConflict, SyncOptions
from backend.sync.result import SyncResult
from tests.integration.sync.extra_columns import KINDS, add_column, held, put
from tests.integration.sync.homes import shared
from tests.integration.sync.pair import PULL, Pair, Silent
from tests.integration.sync.test_refusals import sql
from tests.integration.sync.world import World

HOME_AND_SITE = pytest.mark.parametrize("pair", ["sqlite-postgres"], indirect=True)


def mirrored(pair: Pair) -> SyncResult:
    with open_pair(pair.endpoints, writing=True) as opened:
        return mirror(opened.pair, SyncOptions(PULL), Silent(), lambda: None)


def silenced(world: World, column: str, value: Any) -> None:
    """Change a row as if no trigger had seen it."""
    put(world, column, value)
    sql(world, "DELETE FROM tablecopy_changes")


def add_every_kind(pair: Pair) -> None:
    for world in (pair.local, pair.remote):
        for kind in KINDS:
            add_column(world, f"extra_{kind}", kind)


def put_every_kind(world: World, which: int) -> None:
    for kind, words in KINDS.items():
        put(world, f"extra_{kind}", words[which])


def every_kind(world: World) -> dict[str, list[str | None]]:
    return {kind: held(world, f"extra_{kind}") for kind in KINDS}


NOTHING = {kind: [None] for kind in KINDS}


def test_columns_that_both_sides_have_travel_in_new_rows_and_in_changes(pair: Pair, tmp_path):
    add_every_kind(pair)
    pair.local.add_group("First")
    put_every_kind(pair.local, 2)
    pair.push()
    first = every_kind(pair.remote)
    put_every_kind(pair.remote, 3)
    pulled = pair.pull(backup=tmp_path)

    assert pulled.tables["groups"].updated == 1
    assert None not in [value for values in first.values() for value in values]
    assert every_kind(pair.local) == every_kind(pair.remote) != first
    pair.remote.add_group("Second")
    put_every_kind(pair.remote, 2)
    pair.pull()
    assert set(held(pair.local, "extra_text")) == set(held(pair.remote, "extra_text"))
    assert [each.written for each in pair.both()] == [0, 0]
    assert pair.verify() == []
    # The first of the two again, as it was.
    assert pulled.backup
    pair.local.run_script(pulled.backup)
    assert {kind: values[0] for kind, values in every_kind(pair.local).items()} == {
        kind: values[0] for kind, values in first.items()
    }


def test_both_changed_them_and_both_values_are_told(pair: Pair):
    add_every_kind(pair)
    shared(pair)
    put_every_kind(pair.local, 2)
    put_every_kind(pair.remote, 3)

    pushed = pair.push()

    told = {field.column for one in pushed.open_conflicts for field in one.fields}
    assert told == {f"extra_{kind}" for kind in KINDS}
    assert pair.push(on_conflict=OnConflict.LOCAL).written == 1
    assert every_kind(pair.remote) == every_kind(pair.local) != NOTHING
    # A row that becomes what it was has not changed.
    put_every_kind(pair.local, 3)
    put_every_kind(pair.local, 2)
    assert [each.written for each in pair.both()] == [0, 0]


@HOME_AND_SITE
def test_a_difference_in_it_is_seen_by_verify_and_by_a_union(pair: Pair):
    for world in (pair.local, pair.remote):
        add_column(world, "extra", "text")
    home = shared(pair)
    silenced(pair.remote, "extra", "unseen")

    found = pair.verify()

    assert [(one.table, one.key) for one in found] == [("groups", str(home.group))]
    assert [one.table for one in pair.push(start_over=True).open_conflicts] == ["groups"]


@pytest.mark.parametrize("pair", ["sqlite-postgres", "postgres-sqlite"], indirect=True)
def test_a_mirror_brings_every_value_of_every_table(pair: Pair):
    for world in (pair.local, pair.remote):
        for table in ("groups", "api_tokens"):
            add_column(world, "extra", "text", table)
    shared(pair)
    ada = pair.remote.dump()["users"].popitem()[0][0]
    token = (
        "INSERT INTO api_tokens (id, user_id, token_hash, prefix, name, created_at, extra)"
        " VALUES ('{}', '{}', '{}', 'hp_12345', 'Shell', '2026-01-31 09:00:00.000000', 'kept')"
    )
    ids = (str(one) if pair.remote.database.path is None else one.hex for one in (new_id(), ada))
    sql(pair.remote, token.format(*ids, "a" * 64))
    put(pair.remote, "extra", "of the site")

    mirrored(pair)

    assert held(pair.local, "extra") == ["of the site"]
    assert held(pair.local, "extra", "api_tokens") == ["kept"]
    assert pair.verify() == []


WAYS: dict[str, Callable[[Pair], object]] = {
    "push": Pair.push,
    "pull": Pair.pull,
    "look": Pair.inspect,
    "verify": Pair.verify,
    "mirror": mirrored,
}


def test_a_column_of_one_side_is_named_when_it_holds_anything(pair: Pair):
    shared(pair)
    for column, owner, other in (
        ("at_home", pair.local, pair.remote),
        ("there", pair.remote, pair.local),
    ):
        add_column(owner, column, "text")
        put(owner, column, "Flatties")

        for way in WAYS.values():
            with pytest.raises(RefusedError, match=rf"groups\.{column}") as told:
                way(pair)
            assert f"not in {other.database}" in told.value.args[0]
            assert "Flatties" not in str(told.value)

        put(owner, column, None)
        for way in WAYS.values():
            way(pair)


@HOME_AND_SITE
def test_columns_of_different_types_are_named_when_they_hold_anything(pair: Pair):
    shared(pair)
    add_column(pair.local, "extra", "whole")
    add_column(pair.remote, "extra", "text")
    assert pair.push().written == 0
    put(pair.remote, "extra", "words")

    with pytest.raises(RefusedError, match=r"groups\.extra") as told:
        pair.push()

    assert "BIGINT" in told.value.args[0].upper()
    assert "TEXT" in told.value.args[0].upper()


@HOME_AND_SITE
def test_a_required_column_of_one_side_is_named_before_a_row_is_lost_for_it(pair: Pair):
    sql(pair.remote, "ALTER TABLE groups ADD COLUMN plan text NOT NULL DEFAULT 'free'")
    pair.local.add_group()

    with pytest.raises(RefusedError, match=r"groups\.plan"):
        pair.push()


@HOME_AND_SITE
def test_columns_that_came_since_the_last_sync_need_a_comparison_of_both_sides(pair: Pair):
    shared(pair)
    for world in (pair.local, pair.remote):
        add_column(world, "extra", "text")

    with pytest.raises(RefusedError, match="its schema has changed"):
        pair.push()

    assert pair.push(start_over=True).written == 0
    put(pair.local, "extra", "seen")
    assert pair.push().written == 1


@pytest.mark.parametrize("pair", ["postgres-postgres", "postgres-sqlite"], indirect=True)
def test_the_app_goes_on_when_a_contract_drops_the_column(pair: Pair):
    for world in (pair.local, pair.remote):
        add_column(world, "extra", "text")
    home = shared(pair)
    put(pair.local, "extra", "old")

    sql(pair.local, "ALTER TABLE groups DROP COLUMN extra")
    pair.local.change(Group, home.group, name="After the contract")

    assert pair.local.one(Group, home.group)["name"] == "After the contract"
    with pytest.raises(RefusedError):
        pair.push()


def test_a_reference_that_the_models_do_not_know_follows_a_pair(pair: Pair):
    for world in (pair.local, pair.remote):
        add_column(world, "invited_by", "uuid", "group_members")
    group = pair.remote.add_group()
    pair.both()
    here, there = pair.local.add_user("bo@example.com"), pair.remote.add_user("Bo@example.com")
    pair.local.add_member(group, None, "Guest")
    key = here.hex if pair.local.database.path else str(here)
    put(pair.local, "invited_by", key, "group_members")

    pair.both()
    pair.both()

    assert held(pair.remote, "invited_by", "group_members") == [there.hex]
    assert pair.remote.count(GroupMember) == 1
    assert pair.verify() == []
