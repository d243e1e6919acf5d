"""A pair that the first release has synced goes on: nothing is forgotten, the rest is renewed."""

import pytest

from backend.models import Group, Order
from backend.sync.options import Cap
from tests.integration.sync.homes import shared
from tests.integration.sync.pair import Pair
from tests.integration.sync.shell import remove_order
from tests.integration.sync.test_refusals import sql
from tests.integration.sync.test_removal import left
from tests.integration.sync.world import World

ALL = {"deletes": True, "max_deletes": Cap(percent=100)}
_LATER = ("coming", "generation", "seen")
_ON_POSTGRES = (
    r"""DO $$ DECLARE each regproc; BEGIN
        FOR each IN SELECT oid FROM pg_proc WHERE proname LIKE 'tablecopy_capture_%' LOOP
            EXECUTE regexp_replace(pg_get_functiondef(each),
                ' AND EXISTS \(SELECT FROM .*txid_current\(\)\)', '');
        END LOOP;
    END $$""",
    "DROP TABLE tablecopy_applying",
    "UPDATE tablecopy_sync SET tables = (tables::jsonb - 'tablecopy_sync')::text",
)
_ON_SQLITE = (
    "DROP TRIGGER tablecopy_changes_insert",
    "DROP TRIGGER tablecopy_changes_update",
    "DROP TABLE tablecopy_stamps",
)


def make_older(world: World) -> None:
    """Leave a database as the first release did."""
    more = _ON_SQLITE if world.database.path else _ON_POSTGRES
    sql(world, *more, *(f"ALTER TABLE tablecopy_sync DROP COLUMN {name}" for name in _LATER))


@pytest.mark.parametrize("way", ["push", "pull"])
@pytest.mark.parametrize("pair", ["sqlite-postgres", "postgres-sqlite"], indirect=True)
def test_a_pair_of_the_first_release_goes_on(pair: Pair, way):
    home = shared(pair)
    gone = pair.local.add_order(home.group, home.one, {home.one: 5})
    pair.both()
    whole = [set(left(world)) for world in (pair.local, pair.remote)]
    for world in (pair.local, pair.remote):
        make_older(world)
    remove_order(pair.local, gone)
    pair.remote.change(Group, home.group, name="There")

    status = pair.inspect()
    shown = getattr(pair, way)(**ALL, dry_run=True)
    outcomes = [getattr(pair, way)(**ALL), *pair.both(**ALL)]

    assert (sum(status.to_remote.values()), sum(status.to_local.values())) == (3, 1)
    assert shown.written == outcomes[0].written > 0
    assert not any(one.first for one in outcomes)
    assert gone not in pair.remote.ids(Order)
    assert pair.differences() == {}
    assert [set(left(world)) for world in (pair.local, pair.remote)] == whole
