"""Into a target that holds rows; and what else can be asked of a run."""

import json
import re

import pytest

from backend.demo import fill
from backend.demo.config import DemoConfig
from tests.integration.transfer.conftest import ask, contents, counts, schemas, write

OTHERS = DemoConfig(users=5, orders=20, seed=9)


def test_truncate_replaces_what_was_there(transfer, source, target) -> None:
    fill(target, OTHERS)

    ran = transfer("--truncate")

    assert ran.code == 0, ran.err
    assert contents(target) == contents(source)
    assert schemas(target) == ["public"]


def test_an_update_writes_only_what_differs(transfer, source, target) -> None:
    transfer()
    write(source, "UPDATE groups SET name = 'Yeni ad 🆕' WHERE id = (SELECT min(id) FROM groups)")
    write(target, "DELETE FROM user_sessions WHERE id = (SELECT id FROM user_sessions LIMIT 1)")

    ran = transfer("--update", "--json")

    assert ran.code == 0, ran.err
    assert contents(target) == contents(source)
    doings = {table["name"]: table for table in json.loads(ran.out)["tables"]}
    assert doings["groups"]["changed"] == 1
    assert doings["user_sessions"]["written"] == 1
    assert sum(table["written"] + table["changed"] for table in doings.values()) == 2


def test_a_second_update_writes_nothing(transfer, source, target) -> None:
    transfer()
    before = ask(target, "SELECT sum(xmin::text::bigint) FROM orders")

    ran = transfer("--update", "--json")

    assert ran.code == 0, ran.err
    tables = json.loads(ran.out)["tables"]
    assert {(table["written"], table["changed"], table["removed"]) for table in tables} == {
        (0, 0, 0)
    }
    assert ask(target, "SELECT sum(xmin::text::bigint) FROM orders") == before


def test_an_update_of_an_empty_target_is_a_load(transfer, source, target) -> None:
    ran = transfer("--update")

    assert ran.code == 0, ran.err
    assert contents(target) == contents(source)


def test_only_some_tables(transfer, source, target) -> None:
    ran = transfer("--tables", "users,groups")

    assert ran.code == 0, ran.err
    copied = {name for name, rows in counts(target).items() if rows}
    assert copied == {"users", "groups"}
    assert contents(target)["users"] == contents(source)["users"]


def test_a_table_that_is_not_there_is_a_usage_error(transfer) -> None:
    ran = transfer("--tables", "users,nothing")

    assert ran.code == 2
    assert "nothing" in ran.err


@pytest.mark.parametrize("words", [("--batch-rows", "7"), ("--workers", "1"), ("--workers", "3")])
def test_any_batch_and_any_number_of_workers_do(transfer, source, target, words) -> None:
    ran = transfer(*words)

    assert ran.code == 0, ran.err
    assert contents(target) == contents(source)


def test_an_archive_is_made_and_named(transfer, source, target, tmp_path) -> None:
    ran = transfer("--archive-sqlite", "--archive-dir", tmp_path / "kept")

    assert ran.code == 0, ran.err
    (copy,) = (tmp_path / "kept").iterdir()
    assert re.fullmatch(r"demo-\d{8}T\d{6}Z\.db", copy.name)
    assert f"archived: {copy}" in ran.out


def test_no_archive_no_transfer(transfer, target, tmp_path) -> None:
    (tmp_path / "kept").write_text("in the way")

    ran = transfer("--archive-sqlite", "--archive-dir", tmp_path / "kept")

    assert ran.code == 69
    assert not any(counts(target).values())


def test_the_source_is_made_read_only_after_success(transfer, source) -> None:
    ran = transfer("--set-readonly")

    assert ran.code == 0, ran.err
    assert source.path.stat().st_mode & 0o222 == 0


def test_the_source_stays_as_it_is_after_a_refusal(transfer, source, target) -> None:
    fill(target, OTHERS)

    ran = transfer("--set-readonly")

    assert ran.code == 77
    assert source.path.stat().st_mode & 0o200


def test_the_source_stays_as_it_is_when_its_values_are_refused(transfer, source) -> None:
    write(source, "UPDATE users SET created_at = 'now' WHERE id = (SELECT min(id) FROM users)")

    ran = transfer("--set-readonly")

    assert ran.code == 65, ran.out + ran.err
    assert source.path.stat().st_mode & 0o200
    assert "nobody may write" not in ran.out


def test_a_report_is_kept(transfer, tmp_path) -> None:
    ran = transfer("--report", tmp_path / "report.json", "--json")

    assert json.loads((tmp_path / "report.json").read_text("utf-8")) == json.loads(ran.out)


def test_casts_happen_only_if_asked_for_and_are_counted(transfer, source, target) -> None:
    write(
        source,
        "UPDATE groups SET deleted_at = '' WHERE id = (SELECT min(id) FROM groups)",
        "UPDATE groups SET updated_at = 1767323045, name = 'a' || char(0) || 'b'"
        " WHERE id = (SELECT max(id) FROM groups)",
    )

    refused = transfer()
    ran = transfer(
        "--empty-datetime=null", "--epoch-datetimes=s", "--nul=replace", "--json"
    )  # fmt: skip

    assert refused.code == 65
    assert ran.code == 0, ran.err
    assert json.loads(ran.out)["casts"] == {"empty_datetime": 1, "epoch_datetimes": 1, "nul": 1}
    assert ask(target, "SELECT count(*) FROM groups WHERE name = 'a\ufffdb'") == 1
    assert ask(target, "SELECT max(updated_at)::text FROM groups WHERE name LIKE 'a_b'") == (
        "2026-01-02 03:04:05+00"
    )


@pytest.mark.parametrize(
    ("side", "statement", "flag"),
    [
        ("source", "CREATE TABLE extra (id INTEGER)", "--allow-extra-tables"),
        ("target", "CREATE TABLE missing (id integer)", "--allow-missing-tables"),
        ("source", "ALTER TABLE groups ADD COLUMN motto TEXT", "--allow-extra-columns"),
        ("target", "ALTER TABLE groups ADD COLUMN motto text", "--allow-missing-columns"),
    ],
)
def test_schemas_that_differ_need_a_flag(transfer, source, target, side, statement, flag) -> None:
    write({"source": source, "target": target}[side], statement)

    refused, ran = transfer(), transfer(flag)

    assert (refused.code, ran.code) == (77, 0), refused.err + ran.err
    assert flag in refused.err
    assert contents(target) == contents(source)
