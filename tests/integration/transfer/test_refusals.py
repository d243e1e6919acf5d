"""What cannot be done well is not done at all: both sides are as they were."""

import json

import psycopg

from backend.db.locks import TRANSFER, advisory_lock
from backend.demo import fill
from backend.demo.config import DemoConfig
from tests.integration.transfer.conftest import contents, counts, schemas, write


def test_bad_values_are_all_named_and_nothing_arrives(transfer, source, target) -> None:
    write(
        source,
        "PRAGMA ignore_check_constraints = ON",
        "UPDATE orders SET total = 'abc' WHERE id IN (SELECT id FROM orders LIMIT 2)",
        "UPDATE users SET created_at = 'now' WHERE id = (SELECT min(id) FROM users)",
    )

    ran = transfer("--json")

    assert ran.code == 65
    found = [(one["table"], one["column"]) for one in json.loads(ran.out)["bad_values"]]
    assert sorted(found) == [("orders", "total"), ("orders", "total"), ("users", "created_at")]
    assert not any(counts(target).values())
    assert schemas(target) == ["public"]


def test_rows_that_refer_to_nothing_are_named_and_nothing_arrives(transfer, source, target) -> None:
    write(source, "DELETE FROM users WHERE id = (SELECT min(user_id) FROM user_sessions)")

    ran = transfer()

    assert ran.code == 65, ran.out + ran.err
    assert "user_sessions" in ran.out
    assert not any(counts(target).values())


def test_two_accounts_with_one_address_are_named(transfer, source, target) -> None:
    write(
        source,
        "DROP INDEX IF EXISTS uq_users_email_key",
        "CREATE TABLE users_copy AS SELECT * FROM users",
        "DROP TABLE users",
        "ALTER TABLE users_copy RENAME TO users",
        "UPDATE users SET email_key = (SELECT min(email_key) FROM users)"
        " WHERE id = (SELECT max(id) FROM users)",
    )

    ran = transfer()

    assert ran.code == 65, ran.out + ran.err
    assert "email_key" in ran.out
    assert not any(counts(target).values())


def test_data_that_breaks_a_rule_of_the_app_is_refused(transfer, source, target) -> None:
    write(
        source,
        "UPDATE order_payers SET amount = amount + 1 WHERE rowid ="
        " (SELECT min(rowid) FROM order_payers WHERE deleted_at IS NULL)",
    )

    ran = transfer()

    assert ran.code == 3
    assert "payers add up" in ran.out
    assert not any(counts(target).values())
    assert schemas(target) == ["public"]


def test_a_rule_that_is_broken_in_place_is_told(transfer, source, target) -> None:
    pay = (
        "UPDATE order_payers SET amount = amount + 1 WHERE rowid ="
        " (SELECT min(rowid) FROM order_payers WHERE deleted_at IS NULL)"
    )
    write(source, pay)
    filled = transfer("--update")
    write(source, pay)

    updated = transfer("--update")

    for ran in (filled, updated):
        assert ran.code == 3, ran.out + ran.err
        assert "payers add up" in ran.out
        assert "the target differs" in ran.out
    assert contents(target) == contents(source)


def test_a_target_with_rows_is_refused(transfer, target) -> None:
    fill(target, DemoConfig(users=2, orders=3))
    before = contents(target)

    ran = transfer()

    assert ran.code == 77
    assert contents(target) == before


def test_two_at_a_time_are_one_too_many(transfer, target) -> None:
    with (
        psycopg.connect(target.conninfo(), autocommit=True) as other,
        advisory_lock(other, target, TRANSFER),
    ):
        ran = transfer()

    assert ran.code == 75
    assert f"is writing to {target}" in ran.err
    assert not any(counts(target).values())


def test_a_server_that_is_not_there_ends_in_69(transfer, monkeypatch) -> None:
    monkeypatch.setenv("MIGRATE_DATABASE_URL", "postgresql://me:hidden@127.0.0.1:1/nothing")

    ran = transfer()

    assert ran.code == 69
    assert "hidden" not in ran.out + ran.err


def test_a_file_that_is_not_there_is_told(transfer, source) -> None:
    source.path.unlink()

    ran = transfer()

    assert ran.code in {2, 69}
    assert str(source.path) in ran.err
    assert not source.path.exists()


def test_a_target_without_tables_says_how_to_get_them(transfer, empty, monkeypatch) -> None:
    monkeypatch.setenv("MIGRATE_DATABASE_URL", empty.conninfo())

    ran = transfer()

    assert ran.code == 77
    assert "--migrate" in ran.err


def test_what_only_the_migrated_tables_show_to_be_in_the_way_is_seen_after_the_migration(
    transfer, source, empty, monkeypatch
) -> None:
    monkeypatch.setenv("MIGRATE_DATABASE_URL", empty.conninfo())
    write(source, "CREATE TABLE extra (id INTEGER PRIMARY KEY)", "INSERT INTO extra VALUES (1)")

    ran = transfer("--migrate")

    assert ran.code == 77, ran.out + ran.err
    assert "extra" in ran.err
    assert "--allow-extra-tables" in ran.err
    assert "expand_0001" in ran.err
    assert "was applied, nothing else was touched" in ran.err
    assert not any(counts(empty).values())


def test_no_secret_and_no_address_is_logged(transfer, source, target) -> None:
    write(source, "UPDATE users SET created_at = 'x' WHERE id = (SELECT min(id) FROM users)")

    ran = transfer()

    assert target.password not in ran.out + ran.err
    assert "@example" not in ran.err
