"""What is written is read again: a target that stores something else is found out by that."""

import pytest

from backend.errors import DataError
from backend.models import Group, User
from tests.integration.sync.homes import household, shared
from tests.integration.sync.pair import Pair
from tests.integration.sync.test_broken_constraints import (
    EITHER_WAY,
    HOME_AND_SITE,
    at_once,
    endpoints,
    the_refused,
)
from tests.integration.sync.test_refusals import sql
from tests.integration.sync.world import World


def rename_all_on(world: World, event: str) -> None:
    """Let a trigger store another name than was sent."""
    if world.database.path:
        sql(
            world,
            f"CREATE TRIGGER other AFTER {event} ON groups WHEN NEW.name LIKE 'Long%' BEGIN"
            " UPDATE groups SET name = 'other' WHERE id = NEW.id; END",
        )
    else:
        sql(
            world,
            "CREATE FUNCTION other() RETURNS trigger LANGUAGE plpgsql AS"
            " 'BEGIN NEW.name := ''other''; RETURN NEW; END';"
            f"CREATE TRIGGER other BEFORE {event} ON groups FOR EACH ROW"
            " WHEN (NEW.name LIKE 'Long%') EXECUTE FUNCTION other()",
        )


@HOME_AND_SITE
@EITHER_WAY
@pytest.mark.parametrize("event", ["INSERT", "UPDATE"])
def test_what_is_stored_as_something_else_is_read_back_and_taken_back(pair: Pair, direction, event):
    source, target = endpoints(pair, direction)
    shared(pair)
    group, other = source.add_group(), source.add_group()
    if event == "UPDATE":
        pair.sync(direction)
    rename_all_on(target, event)
    before = target.dump()["groups"].get((group,))
    source.change(Group, group, name="Long name")
    source.change(Group, other, name="Good")

    outcome = at_once(pair, direction)

    assert "was stored as something else" in the_refused(outcome, group).because
    assert target.dump()["groups"].get((group,)) == before
    assert target.one(Group, other)["name"] == "Good"


@HOME_AND_SITE
@EITHER_WAY
def test_a_first_copy_that_is_stored_as_something_else_is_not_kept(pair: Pair, direction):
    source, target = endpoints(pair, direction)
    household(source)
    source.add_group("Long name")
    rename_all_on(target, "INSERT")

    with pytest.raises(
        DataError, match="groups was stored as something else than what was sent; nothing"
    ):
        at_once(pair, direction)

    assert target.count(Group) == target.count(User) == 0
