"""--check names what a load would refuse: in its words, all of it, and before anything is loaded."""

import json

import pytest

from tests.integration.transfer.conftest import write
from tests.integration.transfer.test_read_only_modes import everything

OFFENCES = [
    pytest.param(
        ["DELETE FROM users WHERE id = (SELECT min(user_id) FROM user_sessions)"],
        {("user_sessions", "orphan")},
        id="rows that refer to nothing",
    ),
    pytest.param(
        [
            "DROP INDEX IF EXISTS uq_users_email_key",
            "CREATE TABLE users_copy AS SELECT * FROM users",
            "DROP TABLE users",
            "ALTER TABLE users_copy RENAME TO users",
            "UPDATE users SET email_key = (SELECT min(email_key) FROM users)"
            " WHERE id = (SELECT max(id) FROM users)",
        ],
        {("users", "duplicate")},
        id="a unique value twice",
    ),
    pytest.param(
        [
            "CREATE TABLE old AS SELECT * FROM settlements",
            "DROP TABLE settlements",
            "ALTER TABLE old RENAME TO settlements",
            "INSERT INTO settlements SELECT * FROM settlements LIMIT 1",
        ],
        {("settlements", "duplicate")},
        id="a row twice",
    ),
    pytest.param(
        [
            "PRAGMA ignore_check_constraints = ON",
            "UPDATE orders SET split_mode = 'halves' WHERE id IN (SELECT id FROM orders LIMIT 3)",
        ],
        {("orders", "check"), ("order_payers", "dependant"), ("order_shares", "dependant")},
        id="a check that does not hold",
    ),
]


@pytest.mark.parametrize(("damage", "named"), OFFENCES)
def test_a_check_names_the_rows_that_a_load_refuses(
    transfer, source, target, damage, named
) -> None:
    write(source, *damage)
    before = everything(source, target)

    checked = transfer("--check", "--json")

    assert checked.code == 65, checked.err
    found = json.loads(checked.out)
    assert named <= {(one["table"], one["kind"]) for one in found["bad_rows"]}
    assert everything(source, target) == before
    loaded = transfer("--json")
    assert loaded.code == 65
    assert found["bad_rows"] == json.loads(loaded.out)["bad_rows"]


def test_bad_values_and_bad_rows_are_named_together(transfer, source, target) -> None:
    write(
        source,
        "PRAGMA ignore_check_constraints = ON",
        "UPDATE users SET created_at = 'x', display_name = CAST(x'ff' AS TEXT)"
        " WHERE id = (SELECT max(user_id) FROM user_sessions)",
        "UPDATE groups SET name = 'a' || char(0) || 'b' WHERE id = (SELECT min(id) FROM groups)",
        "DELETE FROM users WHERE id = (SELECT min(user_id) FROM user_sessions)",
    )

    ran = transfer("--check", "--json")

    found = json.loads(ran.out)
    assert {(one["table"], one["column"]) for one in found["bad_values"]} == {
        ("users", "created_at"), ("users", "display_name"), ("groups", "name")
    }  # fmt: skip
    # A row with a bad value is there all the same: nobody who refers to it is an orphan.
    orphans = [one for one in found["bad_rows"] if one["kind"] == "orphan"]
    assert len({one["value"] for one in orphans}) == 1


def test_ten_thousand_rows_are_named_and_all_are_counted(transfer, source, target) -> None:
    write(
        source,
        "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 10500)"
        " INSERT INTO user_sessions SELECT lower(hex(randomblob(16))), lower(hex(randomblob(16))),"
        " lower(hex(randomblob(32))), created_at, expires_at FROM n"
        " CROSS JOIN (SELECT * FROM user_sessions LIMIT 1)",
    )

    ran = transfer("--check", "--json")

    found = json.loads(ran.out)
    assert len(found["bad_rows"]) == 10_000
    assert "500 refused rows more are not named" in found["notes"]
