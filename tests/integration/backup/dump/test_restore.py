"""A dump is restored into a database beside, and what is live is not touched."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta

import psycopg
import pytest

from backend.backup.keys import DamagedError
from backend.backup.restore_target import LATEST, RestoreTarget
from backend.backup.results import RestoreResult
from backend.cli.progress import Lines
from backend.config.database_url import DatabaseUrl
from backend.errors import DatabaseError, DataError, RefusedError, UsageError
from tests.integration.backup.dump.bills import NOON, Bills

SUM = "SELECT sum(cents) FROM orders"


@pytest.fixture
def beside(bills: Bills) -> Iterator[DatabaseUrl]:
    """Where the dump of noon goes; its owner may make databases."""
    bills.execute(f"ALTER ROLE {bills.settings.database.params['user']} CREATEDB")
    name = bills.settings.database.params["dbname"]
    database = bills.settings.database.with_database(f"{name}_20261121t120000z")
    yield database
    bills.server.drop_database(database)


def restore(bills: Bills, target: RestoreTarget = LATEST) -> RestoreResult:
    return bills.backups.restore(bills.backups.plan_restore(target), Lines())


def asked(database: DatabaseUrl, query: str) -> object:
    with closing(psycopg.connect(database.conninfo())) as session:
        return session.execute(query).fetchall()[0][0]


def test_a_dump_comes_back_beside_and_nothing_live_changes(bills: Bills, beside) -> None:
    then = asked(bills.settings.database, SUM)
    made = bills.create()
    bills.execute("DELETE FROM orders WHERE id < 100")
    now = asked(bills.settings.database, SUM)
    bills.now += timedelta(hours=1)

    plan = bills.backups.plan_restore(LATEST)
    result = bills.backups.restore(plan, Lines())

    assert (plan.backup, plan.to, plan.lost_until) == (made.name, NOON, bills.now)
    assert (result.facts["into"], result.facts["rows"]) == (beside.params["dbname"], 3002)
    assert str(result.facts["next"]).startswith("`stop app-blue app-green`, put the database")
    assert asked(beside, SUM) == then
    assert asked(bills.settings.database, SUM) == now != then
    with pytest.raises(RefusedError, match=f"the database {beside.params['dbname']} is not empty"):
        restore(bills)


def test_a_login_that_may_make_no_database_is_told_which_one_to_make(bills: Bills) -> None:
    bills.create()

    with pytest.raises(RefusedError, match="this login may not make the database") as caught:
        restore(bills)

    assert "make an empty one of that name" in caught.value.hint


@pytest.mark.parametrize(
    ("name", "beside"),
    [
        pytest.param("bills_20261118t010000z", "bills_20261121t120000z", id="made by a restore"),
        pytest.param("ç" * 31, "ç" * 23 + "_20261121t120000z", id="as long as a name may be"),
    ],
)
def test_the_name_beside_stays_one_that_the_server_takes(
    bills: Bills, name: str, beside: str
) -> None:
    live, target = (bills.settings.database.with_database(one) for one in (name, beside))
    owner = live.params["user"]
    bills.server.execute(f'CREATE DATABASE "{name}" OWNER {owner}', f"ALTER ROLE {owner} CREATEDB")
    bills.server.execute("CREATE TABLE notes (note text)", dbname=name)
    bills.server.execute(f"ALTER TABLE notes OWNER TO {owner}", dbname=name)
    bills.logged_in_as(live)
    bills.create()
    try:
        assert restore(bills).facts["into"] == beside
    finally:
        bills.server.drop_database(live)
        bills.server.drop_database(target)


def test_of_a_damaged_dump_nothing_is_brought_back(bills: Bills, beside) -> None:
    made = bills.create()
    archive = bills.repository.archive(made.name)
    whole = archive.read_bytes()
    archive.write_bytes(whole[:-100])

    with pytest.raises(DamagedError, match="is damaged"):
        restore(bills)

    archive.write_bytes(whole)
    assert restore(bills).facts["rows"] == 3002


@contextmanager
def made_beside(bills: Bills) -> Iterator[str]:
    """Make where the dump of noon goes, as a provider does."""
    live = bills.settings.database
    target = live.with_database(f"{live.params['dbname']}_20261121t120000z")
    name, owner = target.params["dbname"], live.params["user"]
    bills.server.execute(f"CREATE DATABASE {name} OWNER {owner}")
    try:
        yield name
    finally:
        bills.server.drop_database(target)


def test_on_a_server_older_than_ours_it_comes_back_too(
    bills_on, older_postgres_server, postgres_server
) -> None:
    """Our pg_restore makes a setting that such a server does not know."""
    bills = bills_on(older_postgres_server, postgres_server)
    bills.create()

    with made_beside(bills):
        assert restore(bills).facts["rows"] == 3002


def test_on_an_older_server_any_other_error_counts(
    bills_on, older_postgres_server, postgres_server
) -> None:
    bills = bills_on(older_postgres_server, postgres_server)
    bills.create()

    with made_beside(bills) as name:
        older_postgres_server.execute("CREATE SCHEMA other", dbname=name)
        with pytest.raises(DatabaseError, match="pg_restore ended with 1"):
            restore(bills)


def test_an_extension_that_the_provider_has_made_is_no_hindrance(bills: Bills) -> None:
    """Its comment is in the dump, and only its owner may say it; its tables make nothing full."""
    extension = (
        "CREATE EXTENSION vector",
        "CREATE TABLE vectors (id int PRIMARY KEY); GRANT SELECT ON vectors TO PUBLIC",
        "ALTER EXTENSION vector ADD TABLE vectors",
    )
    bills.execute(*extension)
    bills.create()

    with made_beside(bills) as name:
        bills.server.execute(*extension, dbname=name)
        assert restore(bills).facts["rows"] == 3002


def test_a_time_takes_the_newest_dump_that_is_not_newer(bills: Bills) -> None:
    first = bills.create().name
    bills.now += timedelta(days=1)
    bills.create()

    plan = bills.backups.plan_restore(RestoreTarget(at=NOON + timedelta(hours=3)))

    assert plan.backup == first
    with pytest.raises(DataError, match="no backup is as old as"):
        bills.backups.plan_restore(RestoreTarget(at=NOON - timedelta(hours=3)))


def test_nothing_is_put_aside_that_could_be_forgotten(bills: Bills) -> None:
    with pytest.raises(UsageError, match="puts nothing aside"):
        bills.backups.forget_old()
