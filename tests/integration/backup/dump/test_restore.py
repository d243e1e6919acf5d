"""A dump is restored into a database beside, and what is live is not touched."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta

import psycopg
import pytest

from backend.backup.backups import RestoreResult
from backend.backup.keys import DamagedError
from backend.backup.restore_target import LATEST, RestoreTarget
from backend.cli.progress import Lines
from backend.config.database_url import DatabaseUrl
from backend.errors import DataError, RefusedError, UsageError
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
    assert asked(beside, SUM) == then
    assert asked(bills.settings.database, SUM) == now != then
    with pytest.raises(RefusedError, match=f"the database {beside.params['dbname']} is not empty"):
        restore(bills)


def test_a_login_that_may_make_no_database_is_told_which_one_to_make(bills: Bills) -> None:
    bills.create()

    with pytest.raises(RefusedError, match="this login may not make the database") as caught:
        restore(bills)

    assert "make an empty one of that name" in caught.value.hint


def test_of_a_damaged_dump_nothing_is_brought_back(bills: Bills, beside) -> None:
    made = bills.create()
    archive = bills.repository.archive(made.name)
    whole = archive.read_bytes()
    archive.write_bytes(whole[:-100])

    with pytest.raises(DamagedError, match="is damaged"):
        restore(bills)

    archive.write_bytes(whole)
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
