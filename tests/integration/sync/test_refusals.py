"""What a sync does not begin, because it could not say what changed or would hurt."""

import sqlite3
from contextlib import closing

import psycopg
import pytest
from sqlalchemy import update

from backend.errors import FoundWanting, RefusedError
from backend.models import Group, User
from backend.sync.options import Direction
from tests.integration.sync.copies import kept, put_back
from tests.integration.sync.homes import household, shared
from tests.integration.sync.pair import Pair
from tests.integration.sync.world import World


def sql(world: World, *statements: str) -> None:
    """Run statements past the app, as a person with a shell would."""
    world.close()
    if world.database.path:
        with closing(sqlite3.connect(world.database.path)) as file:
            for statement in statements:
                file.execute(statement)
            file.commit()
    else:
        with psycopg.connect(world.database.conninfo(), autocommit=True) as session:
            for statement in statements:
                session.execute(statement.encode())


def test_schemas_of_different_revisions(pair):
    sql(pair.local, "UPDATE alembic_version SET version_num = 'expand_0000'")

    with pytest.raises(
        RefusedError, match=r"the schemas differ: .* is at expand_0000.* at expand_\d+"
    ):
        pair.push()


def test_a_database_without_the_apps_tables(pair):
    sql(pair.remote, "DROP TABLE order_shares")

    with pytest.raises(RefusedError, match="has no table order_shares"):
        pair.push()


def test_a_database_that_was_restored_since_the_last_sync(pair, postgres_server, tmp_path):
    home = shared(pair)
    copy = kept(pair.remote, postgres_server, tmp_path / "kept.db")
    pair.local.change(Group, home.group, name="Later")
    pair.push()
    put_back(pair.remote, copy, postgres_server)

    with pytest.raises(RefusedError, match="was restored or replaced since the last sync") as told:
        pair.push()
    # Nothing was lost meanwhile, and a union finds what is missing there.
    assert "--start-over" in told.value.hint
    outcome = pair.push(start_over=True)
    assert outcome.first
    assert [one.table for one in outcome.open_conflicts] == ["groups"]


def test_a_database_that_was_put_in_the_place_of_another(pair, postgres_server, request, tmp_path):
    shared(pair)
    sql(pair.remote, "DELETE FROM tablecopy_sync", "DELETE FROM tablecopy_changes")

    with pytest.raises(RefusedError, match="has never been synced, or was emptied or replaced"):
        pair.push()

    assert pair.push(start_over=True).written == 0
    assert pair.push().first is False


def test_a_trigger_that_is_gone(pair):
    shared(pair)
    trigger = (
        "tablecopy_orders_update" if pair.remote.database.path else "tablecopy_capture ON orders"
    )
    sql(pair.remote, f"DROP TRIGGER {trigger}")

    with pytest.raises(RefusedError, match=r"what changed in .* is not known: .* is gone"):
        pair.pull()

    pair.pull(start_over=True)
    assert pair.push().written == 0


@pytest.mark.parametrize("pair", ["sqlite-postgres"], indirect=True)
@pytest.mark.parametrize(
    ("statement", "says"),
    [
        pytest.param("TRUNCATE order_shares", "order_shares was emptied by TRUNCATE", id="truncate"),
        pytest.param(
            "CREATE TABLE n (LIKE order_shares INCLUDING ALL); INSERT INTO n SELECT * FROM order_shares;"
            " DROP TABLE order_shares; ALTER TABLE n RENAME TO order_shares;"
            " CREATE TRIGGER tablecopy_capture AFTER INSERT OR UPDATE OR DELETE ON order_shares"
            " FOR EACH ROW EXECUTE FUNCTION tablecopy_capture_order_shares();"
            " ALTER TABLE order_shares ENABLE ALWAYS TRIGGER tablecopy_capture",
            "its tables were replaced by others",
            id="replaced",
        ),
        pytest.param(
            "ALTER TABLE orders DISABLE TRIGGER tablecopy_capture", "orders is gone", id="disabled"
        ),
        pytest.param(
            "ALTER TABLE groups DISABLE TRIGGER ALL; UPDATE groups SET name = 'Unseen';"
            " ALTER TABLE groups ENABLE TRIGGER ALL", "groups is gone", id="a load without triggers"
        ),
    ],
)  # fmt: skip
def test_what_only_postgres_can_do_to_a_table(pair, statement, says):
    shared(pair)
    sql(pair.remote, statement)

    with pytest.raises(RefusedError, match=says):
        pair.pull()


@pytest.mark.parametrize("pair", ["sqlite-postgres"], indirect=True)
def test_a_load_as_of_a_replica_is_noted_like_any_other(pair):
    home = shared(pair)
    sql(pair.remote, "SET session_replication_role = replica; UPDATE groups SET name = 'Loaded'")

    assert pair.pull().written == 1
    assert pair.local.one(Group, home.group)["name"] == "Loaded"


def test_a_source_that_breaks_a_rule_fills_nothing(pair):
    household(pair.local)
    pair.local.do(update(User).values(email_key="not-the-key@example.com"))

    with pytest.raises(FoundWanting, match="every account is found under its own address"):
        pair.push()

    assert pair.remote.count(User) == 0


def test_a_look_at_a_pair_that_was_never_synced_changes_nothing(pair):
    household(pair.local)

    status = pair.inspect()

    assert status.synced_at is None
    assert (status.local.rows["orders"], status.remote.rows["orders"]) == (1, 0)
    assert status.to_remote == {}


def test_a_copy_of_a_home_that_was_synced_elsewhere_is_a_stranger(
    pair: Pair, postgres_server, tmp_path
):
    """Two laptops with the same file: the second one does not know what the first has done."""
    shared(pair)
    copy = kept(pair.local, postgres_server, tmp_path / "second.db")
    pair.local.add_group("From the first")
    pair.push()
    put_back(pair.local, copy, postgres_server)

    with pytest.raises(RefusedError, match="was restored or replaced since the last sync"):
        pair.sync(Direction.RENDER_TO_LOCAL)
