"""A whole run is taken back by the line that its report ends with, on either engine."""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from backend.models import Group, Order, User
from backend.services.email_key import email_key
from backend.sync.report import RunReport
from tests.integration.sync.pair import PUSH, Pair


def take_back(pair: Pair, ran: RunReport, programs: Path | None) -> None:
    """Run what the report says, as a shell would."""
    (line,) = [each for each in ran.lines() if "to take this run back" in each]
    words = line.partition(": ")[2]
    if words.startswith("sqlite3"):
        # SQLite's shell as the apsw package brings it: sqlite3 itself may not be installed.
        words = words.replace("sqlite3", f"{shlex.quote(sys.executable)} -m apsw", 1)
    path = f"{programs}{os.pathsep}{os.environ['PATH']}" if programs else os.environ["PATH"]
    done = subprocess.run(
        ["sh", "-c", words],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "PATH": path, "PGPASSWORD": pair.remote.database.password},
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture
def programs(request) -> Path | None:
    """Where psql is, if this test needs it."""
    if "postgres" in request.node.callspec.id:
        folder: Path = request.getfixturevalue("postgres_server").programs
        assert shutil.which("psql", path=folder)
        return folder
    return None


def living(pair: Pair) -> None:
    """Let both sides know the same people, with two groups and what they share."""
    for name in ("Flat", "Trip"):
        ada, bo = (pair.local.add_user(f"{name}.{who}@example.com", who) for who in ("ada", "bo"))
        group = pair.local.add_group(name)
        one, two = (pair.local.add_member(group, user, "M") for user in (ada, bo))
        pair.local.add_order(group, one, {one: 100, two: 250}, 'Tea; it\'s "hot"\r\nvery')
        pair.local.add_settlement(group, one, two, 42)
    pair.push()


def test_a_run_is_taken_back(pair, programs, tmp_path) -> None:
    living(pair)
    before = pair.remote.dump()
    first, second = pair.local.ids(Order)
    group = pair.local.ids(Group)[0]
    pair.local.change_order(first, title="Coffee", factor=3)
    pair.local.delete_order(second)
    pair.local.change(Group, group, name="Another name")
    new = pair.local.add_member(group, pair.local.add_user("new@example.com"), "New")
    pair.local.add_order(group, new, {new: 5})

    outcome = pair.push(deletes=True, backup=tmp_path / "sync-backups")
    assert pair.remote.dump() != before
    take_back(pair, RunReport(outcome, pair.endpoints), programs)

    assert pair.remote.dump() == before


def test_addresses_that_were_exchanged_are_exchanged_again(pair, programs, tmp_path) -> None:
    living(pair)
    before = pair.remote.dump()
    one, other = pair.local.ids(User)[:2]
    addresses = [pair.local.one(User, number)["email"] for number in (one, other)]
    pair.local.change(User, one, email="aside@example.com", email_key="aside@example.com")
    for number, address in ((other, addresses[0]), (one, addresses[1])):
        pair.local.change(User, number, email=address, email_key=email_key(address))

    outcome = pair.sync(PUSH, backup=tmp_path / "sync-backups")
    assert outcome.tables["users"].updated == 2
    take_back(pair, RunReport(outcome, pair.endpoints), programs)

    assert pair.remote.dump() == before


def test_what_was_taken_back_is_a_change_that_the_next_sync_sees(pair, programs, tmp_path) -> None:
    living(pair)
    group = pair.local.ids(Group)[0]
    pair.local.change(Group, group, name="A mistake")
    outcome = pair.push(backup=tmp_path / "sync-backups")

    take_back(pair, RunReport(outcome, pair.endpoints), programs)
    pair.pull()

    assert pair.local.one(Group, group)["name"] != "A mistake"
    assert pair.differences() == {}
