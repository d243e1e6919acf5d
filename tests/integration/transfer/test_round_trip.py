"""The app's own data arrives whole: every row, every balance, and the rules that keep it."""

import json

import pytest
from sqlalchemy import select

from backend.app import create_app
from backend.db.extension import db
from backend.invariants import check
from backend.models import Group, GroupMember
from backend.services import balances, members
from backend.services.groups import Membership
from tests.integration.migrate.structure import structure
from tests.integration.transfer.conftest import contents, counts, schemas


def sheets(settings, database):
    """Return the balances that the app shows for each group on this database."""
    from dataclasses import replace

    app = create_app(replace(settings, database=database, migrate_database=database))
    try:
        with app.app_context():
            groups = db.session.scalars(select(Group).order_by(Group.id)).all()
            return {group.id: balances.of_group(*shown(group)) for group in groups}
    finally:
        app.extensions["hesap_paylas_engines"].dispose()


def shown(group):
    """Return a group as one of its members sees it."""
    query = select(GroupMember).where(GroupMember.group_id == group.id).limit(1)
    membership = Membership(group, db.session.scalars(query).one())
    return membership, list(members.list_members(membership))


def test_every_row_arrives(transfer, source, target) -> None:
    ran = transfer()

    assert ran.code == 0, ran.err
    assert contents(target) == contents(source)


def test_the_answer_counts_what_is_there(transfer, source, target) -> None:
    answer = json.loads(transfer("--json").out)

    assert {table["name"]: table["rows"] for table in answer["tables"]} == counts(source)
    assert (answer["exit_code"], answer["differences"], answer["bad_values"]) == (0, [], [])
    assert answer["rules"]["clean"] is True


def test_the_rules_hold_on_both_sides(transfer, source, target) -> None:
    transfer()

    assert check(source).is_clean
    assert check(target).is_clean


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_app_shows_the_same_balances(transfer, settings, source, target) -> None:
    transfer()

    assert sheets(settings, target) == sheets(settings, source)


def test_the_schema_is_what_it_was(transfer, target) -> None:
    before = structure(target)

    transfer()

    assert structure(target) == before
    assert schemas(target) == ["public"]


def test_a_target_without_tables_is_migrated_first_if_asked(
    transfer, source, empty, monkeypatch
) -> None:
    monkeypatch.setenv("MIGRATE_DATABASE_URL", empty.conninfo())

    ran = transfer("--migrate")

    assert ran.code == 0, ran.err
    assert "migrated: expand_0001" in ran.out
    assert contents(empty) == contents(source)


def test_a_second_run_is_refused_and_changes_nothing(transfer, source, target) -> None:
    transfer()

    ran = transfer()

    assert ran.code == 77
    assert "--update" in ran.err
    assert "--truncate" in ran.err
    assert contents(target) == contents(source)


def test_the_source_is_byte_for_byte_what_it_was(transfer, source) -> None:
    before = source.path.read_bytes()

    transfer()

    assert source.path.read_bytes() == before
    # SQLite's index of the WAL may stay beside it, and an empty WAL.
    wal = source.path.with_name("demo.db-wal")
    assert not wal.exists() or wal.stat().st_size == 0
