"""A naive sync, which matches accounts and copies rows, fails the comparison that ours passes."""

from contextlib import suppress

from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from backend.db.ids import new_id
from backend.models import User
from tests.integration.sync.copies import kept, put_back
from tests.integration.sync.homes import household
from tests.integration.sync.pair import Pair
from tests.integration.sync.world import MODELS, World


def home_made(source: World, target: World) -> None:
    """Skip known addresses, give every row a new id, leave the references as they are."""
    known = {row["email"] for row in target.dump()["users"].values()}
    rows = source.dump()
    for model in MODELS:
        for row in rows[model.__tablename__].values():
            if row.get("email") not in known:
                fresh = {"id": new_id()} if "id" in row else {}
                # As such scripts do: what does not fit is left out.
                with suppress(IntegrityError):
                    target.do(insert(model).values({**row, **fresh}))


def people_alone(source: World, target: World) -> None:
    """On the way back such a script takes the people, and nothing else."""
    known = {row["email"] for row in target.dump()["users"].values()}
    for row in source.dump()["users"].values():
        if row["email"] not in known:
            target.do(insert(User).values(row))


def both_at_work(pair: Pair) -> None:
    household(pair.local)
    household(pair.local, "bo@example.com")
    home = household(pair.remote, "cem@example.com")
    # Known here under another id.
    other = pair.remote.add_user("ada@example.com", "Ada")
    pair.remote.add_member(home.group, other, "Ada")


def paid(world: World) -> int:
    """Add up what was paid: once everything has arrived once, it is the same on both sides."""
    return sum(row["amount"] for row in world.dump()["order_payers"].values())


def test_the_home_made_way_fails_the_comparison_that_ours_passes(pair, postgres_server, tmp_path):
    both_at_work(pair)
    everything = paid(pair.local) + paid(pair.remote)
    worlds = (pair.local, pair.remote)
    copies = [kept(world, postgres_server, tmp_path / str(n)) for n, world in enumerate(worlds)]

    home_made(pair.local, pair.remote)
    people_alone(pair.remote, pair.local)

    assert pair.differences() != {}
    assert (paid(pair.local), paid(pair.remote)) != (everything, everything)
    # Run again, it adds more of the same people's things, or loses them again: never nothing.
    for world, copy in zip(worlds, copies, strict=True):
        put_back(world, copy, postgres_server)
    pair.both()

    assert pair.differences() == {}
    assert (paid(pair.local), paid(pair.remote)) == (everything, everything)
    assert pair.push().written == pair.pull().written == 0
    for copy in copies:
        copy.remove(postgres_server)
