"""--dry-run, --check and --verify-only answer, and change nothing on either side."""

import hashlib
import json

import pytest

from tests.integration.transfer.conftest import contents, counts, schemas, write

LIVE = "(SELECT id FROM orders WHERE deleted_at IS NULL ORDER BY id LIMIT 1)"


def everything(source, target):
    """Return all that a question could change."""
    digest = hashlib.sha256(source.path.read_bytes()).hexdigest()
    return digest, contents(target), schemas(target)


def test_a_dry_run_says_what_would_be_done(transfer, source, target) -> None:
    before = everything(source, target)

    ran = transfer("--dry-run")

    assert ran.code == 0, ran.err
    assert "nothing was touched" in ran.out
    for name, rows in counts(source).items():
        assert [name, f"{rows:,}", "rows"] in [line.split()[:3] for line in ran.out.splitlines()]
    assert everything(source, target) == before


def test_a_dry_run_tells_what_would_be_in_the_way(transfer, source, target) -> None:
    transfer()
    before = everything(source, target)

    ran = transfer("--dry-run")

    assert ran.code == 77
    assert "in the way: " in ran.out
    assert everything(source, target) == before


@pytest.mark.parametrize("flag", ["--update", "--truncate"])
def test_a_dry_run_with_the_flag_that_is_needed_finds_nothing_in_the_way(transfer, flag) -> None:
    transfer()

    assert transfer("--dry-run", flag).code == 0


def test_a_dry_run_tells_what_would_be_migrated(transfer, source, empty, monkeypatch) -> None:
    monkeypatch.setenv("MIGRATE_DATABASE_URL", empty.conninfo())

    ran = transfer("--dry-run", "--migrate")

    assert ran.code == 0, ran.err
    assert "would migrate: expand_0002" in ran.out
    assert schemas(empty) == ["public"]


def test_a_check_of_good_data_finds_nothing(transfer, source, target) -> None:
    before = everything(source, target)

    ran = transfer("--check")

    assert ran.code == 0, ran.err
    assert everything(source, target) == before


def test_a_check_names_every_bad_value(transfer, source, target) -> None:
    write(
        source,
        "PRAGMA ignore_check_constraints = ON",
        "UPDATE users SET created_at = '31.12.2025' WHERE id = (SELECT min(id) FROM users)",
        f"UPDATE orders SET total = 12.5 WHERE id = {LIVE}",
        "UPDATE groups SET name = 'a' || char(0) || 'b' WHERE id = (SELECT min(id) FROM groups)",
    )
    before = everything(source, target)

    ran = transfer("--check", "--json")

    assert ran.code == 65
    found = {(one["table"], one["column"]) for one in json.loads(ran.out)["bad_values"]}
    assert found == {("users", "created_at"), ("orders", "total"), ("groups", "name")}
    assert everything(source, target) == before


def test_verifying_two_equal_sides_finds_nothing(transfer, source, target) -> None:
    transfer()
    before = everything(source, target)

    ran = transfer("--verify-only")

    assert ran.code == 0, ran.out + ran.err
    assert everything(source, target) == before


DAMAGES = [
    pytest.param(
        f"UPDATE orders SET total = total + 1 WHERE id = {LIVE}",
        {("orders", "changed", "total")},
        id="one cent",
    ),
    pytest.param(
        "UPDATE users SET created_at = created_at + interval '1 microsecond'"
        " WHERE id = (SELECT id FROM users ORDER BY id LIMIT 1)",
        {("users", "changed", "created_at")},
        id="one microsecond",
    ),
    pytest.param(
        "UPDATE groups SET name = name || ' '"
        " WHERE id = (SELECT id FROM groups ORDER BY id LIMIT 1)",
        {("groups", "changed", "name")},
        id="a trailing space",
    ),
    pytest.param(
        "UPDATE settlements SET from_member_id = to_member_id, to_member_id = from_member_id"
        " WHERE id = (SELECT id FROM settlements ORDER BY id LIMIT 1)",
        {("settlements", "changed", "from_member_id"), ("settlements", "changed", "to_member_id")},
        id="two values swapped",
    ),
    pytest.param(
        "DELETE FROM user_sessions WHERE id = (SELECT id FROM user_sessions ORDER BY id LIMIT 1)",
        {("user_sessions", "missing", "")},
        id="a missing row",
    ),
    pytest.param(
        "INSERT INTO user_sessions SELECT gen_random_uuid(), user_id, md5('a') || md5('b'),"
        " created_at, expires_at FROM user_sessions ORDER BY id LIMIT 1",
        {("user_sessions", "extra", "")},
        id="a doubled row",
    ),
]


@pytest.mark.parametrize(("damage", "differences"), DAMAGES)
def test_verifying_names_each_difference(transfer, source, target, damage, differences) -> None:
    transfer()
    write(target, damage)
    assert contents(source) != contents(target)

    ran = transfer("--verify-only", "--json")

    assert ran.code == 3
    found = json.loads(ran.out)["differences"]
    assert {(one["table"], one["kind"], one["column"]) for one in found} == differences
