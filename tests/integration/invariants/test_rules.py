"""Each rule is broken by hand, and named; the database itself would let some of it pass."""

import sqlite3
from contextlib import closing

import pytest

from backend.config.database_url import DatabaseUrl
from backend.errors import RefusedError
from backend.invariants import check
from backend.invariants.checks import all_invariants

# In one order that was split equally, the first of several members owes more than the others.
TWO_APART = """
    UPDATE order_shares SET amount = CASE member_id WHEN (
        SELECT member_id FROM order_shares AS each WHERE each.order_id = order_shares.order_id
        ORDER BY member_id LIMIT 1) THEN 7 ELSE 5 END
    WHERE order_id = (
        SELECT o.id FROM orders AS o JOIN order_shares AS s ON s.order_id = o.id
        WHERE o.split_mode = 'equal' AND o.deleted_at IS NULL
        GROUP BY o.id HAVING count(*) > 1 ORDER BY o.id LIMIT 1)"""

BROKEN = [
    pytest.param(
        "payers add up",
        "UPDATE order_payers SET amount = amount + 1 WHERE deleted_at IS NULL AND order_id ="
        " (SELECT order_id FROM order_payers WHERE deleted_at IS NULL ORDER BY order_id LIMIT 1)",
        id="a cent more was paid",
    ),
    pytest.param(
        "shares add up",
        "DELETE FROM order_shares WHERE amount > 0 AND order_id ="
        " (SELECT order_id FROM order_shares WHERE deleted_at IS NULL ORDER BY order_id LIMIT 1)",
        id="nobody owes",
    ),
    pytest.param(
        "equal shares",
        "UPDATE orders SET split_mode = 'equal' WHERE split_mode = 'exact'",
        id="exact shares called equal",
    ),
    pytest.param("equal shares", TWO_APART, id="equal shares two cents apart"),
    *(
        pytest.param(
            "deleted orders",
            f"UPDATE {table} SET deleted_at = NULL WHERE deleted_at IS NOT NULL",
            id=f"{table} of deleted orders came back",
        )
        for table in ("order_payers", "order_shares")
    ),
    pytest.param(
        "balances",
        "UPDATE group_members SET deleted_at = created_at WHERE id ="
        " (SELECT member_id FROM order_payers WHERE deleted_at IS NULL ORDER BY order_id LIMIT 1)",
        id="a member with a balance is gone",
    ),
    pytest.param(
        "balances",
        "UPDATE order_payers SET amount = amount - 1 WHERE deleted_at IS NULL AND order_id ="
        " (SELECT order_id FROM order_payers WHERE deleted_at IS NULL ORDER BY order_id LIMIT 1)",
        id="a cent less was paid",
    ),
    pytest.param(
        "e-mail keys",
        "UPDATE users SET email_key = upper(email_key) WHERE status = 'active'",
        id="keys in capitals",
    ),
    pytest.param("e-mail keys", "UPDATE users SET email = 'nobody'", id="no address"),
    pytest.param(
        "replies", "UPDATE idempotency_keys SET status_code = NULL", id="a request half done"
    ),
    *(
        pytest.param(
            f"currencies of {table}", f"UPDATE {table} SET currency = 'ZZZ'", id=f"ZZZ in {table}"
        )
        for table in ("groups", "orders", "settlements", "order_payers", "order_shares")
    ),
    *(
        pytest.param(f"orphans of {table} ({columns})", statement, id=f"{table}: {columns}")
        for table, columns, statement in [
            ("api_tokens", "user_id", "DELETE FROM users"),
            ("user_sessions", "user_id", "DELETE FROM users"),
            ("idempotency_keys", "user_id", "DELETE FROM users"),
            ("group_members", "user_id", "DELETE FROM users"),
            ("group_members", "group_id", "DELETE FROM groups"),
            ("orders", "group_id", "DELETE FROM groups"),
            ("settlements", "group_id", "DELETE FROM groups"),
            ("orders", "group_id, created_by", "DELETE FROM group_members"),
            ("settlements", "group_id, created_by", "DELETE FROM group_members"),
            ("settlements", "group_id, from_member_id", "DELETE FROM group_members"),
            ("settlements", "group_id, to_member_id", "DELETE FROM group_members"),
            ("order_payers", "group_id, member_id", "DELETE FROM group_members"),
            ("order_shares", "group_id, member_id", "DELETE FROM group_members"),
            ("order_payers", "group_id, currency, order_id", "DELETE FROM orders"),
            ("order_shares", "group_id, currency, order_id", "DELETE FROM orders"),
        ]
    ),
]


@pytest.mark.parametrize(("rule", "statement"), BROKEN)
def test_a_broken_rule_is_named(database_url, damage, rule, statement) -> None:
    damage(statement)

    report = check(database_url)

    assert rule in [violation.rule for violation in report.violations]


def test_every_rule_is_broken_by_one_of_these_tests() -> None:
    assert {param.values[0] for param in BROKEN} == {rule.name for rule in all_invariants()}


def test_all_violations_are_counted_and_the_first_few_named_by_id(database_url, damage) -> None:
    damage("UPDATE order_payers SET amount = amount + 1 WHERE deleted_at IS NULL")

    found = {violation.rule: violation for violation in check(database_url).violations}

    assert set(found) == {"payers add up", "balances"}
    payers = found["payers add up"]
    assert payers.count > 100
    assert len(payers.first) == 5
    assert all(line.startswith("order 0") and ": paid " in line for line in payers.first)


def test_one_unit_too_much_breaks_both_sums_of_one_order(database_url, damage) -> None:
    damage(
        "UPDATE orders SET total = total + 1 WHERE id ="
        " (SELECT id FROM orders WHERE deleted_at IS NULL ORDER BY id LIMIT 1)"
    )

    found = check(database_url).violations

    assert [(one.rule, one.count) for one in found] == [("payers add up", 1), ("shares add up", 1)]


def test_no_address_is_told(database_url, damage) -> None:
    damage("UPDATE users SET email_key = 'x' || email_key")

    told = " ".join(check(database_url).violations[0].lines())

    assert "@" not in told


def test_a_database_without_tables_is_refused(database_url) -> None:
    with pytest.raises(RefusedError, match="holds no tables"):
        check(database_url)


def test_a_check_writes_nothing(sqlite_template, tmp_path) -> None:
    path = tmp_path / "resting.db"
    with closing(sqlite3.connect(sqlite_template)) as source, closing(sqlite3.connect(path)) as to:
        source.backup(to)
        to.execute("PRAGMA journal_mode = DELETE")
    before = path.read_bytes()

    assert check(DatabaseUrl("sqlite", path=path)).is_clean

    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["resting.db"]
