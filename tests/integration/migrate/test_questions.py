"""--status, --check and --dry-run answer, and change nothing."""

import json

import pytest

from tests.integration.migrate.conftest import SHIPPED, SHIPPED_STEPS, step
from tests.integration.migrate.structure import execute, records, structure

MOTTO = 'op.add_column("groups", sa.Column("motto", sa.Text))'


def everything(database):
    """Return all that a question could change."""
    if database.engine == "postgres":
        return structure(database)
    folder = database.path.parent
    return sorted(entry.name for entry in folder.iterdir()) if folder.exists() else None


def test_status_of_an_empty_database(database_url, migrate) -> None:
    ran = migrate(database_url, "--status")

    lines = ran.out.splitlines()[1:]
    assert ran.code == 0
    assert lines[:4] == [
        "  schema: none yet",
        f"  pending in expand: {SHIPPED}",
        "    expand_0001  The first schema: people, groups, orders, and who owes what",
        "    expand_0002  Count failed logins, so that nobody can go on guessing",
    ]
    assert lines[2 + SHIPPED :] == [
        "  pending in contract: nothing",
        "  migrating right now: nobody",
    ]


def test_status_for_machines(database_url, migrate) -> None:
    migrate(database_url)

    answer = json.loads(migrate(database_url, "--status", "--json").out)

    assert answer == {
        "engine": database_url.engine,
        "database": str(database_url),
        "expand_level": SHIPPED,
        "contract_level": 0,
        "newer": False,
        "pending": {"expand": [], "contract": []},
        "holder": None,
        "old_releases": [],
    }


def test_a_run_for_machines(database_url, migrate) -> None:
    answer = json.loads(migrate(database_url, "--json").out)

    applied = answer.pop("applied")
    assert all(one["ms"] > 0 for one in applied)
    assert [one["revision"] for one in applied] == SHIPPED_STEPS
    assert answer == {
        "engine": database_url.engine,
        "database": str(database_url),
        "phase": "expand",
        "expand_level": SHIPPED,
        "contract_level": 0,
        "newer": False,
        # Of a database that was empty there is nothing to go back to.
        "restore_point": None,
    }


@pytest.mark.parametrize("question", ["--status", "--check", "--dry-run"])
def test_a_question_to_an_empty_database_leaves_it_empty(database_url, migrate, question) -> None:
    before = everything(database_url)

    migrate(database_url, question)

    assert everything(database_url) == before


def test_check_finds_a_migrated_database_clean(database_url, migrate) -> None:
    migrate(database_url)

    ran = migrate(database_url, "--check")

    assert ran.code == 0
    assert "the database is exactly what the models say" in ran.out


def test_check_names_what_is_pending(database_url, migrate) -> None:
    ran = migrate(database_url, "--check")

    assert ran.code == 3
    assert "pending: expand_0001" in ran.out


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("DROP INDEX ix_user_sessions_user_id", "index ix_user_sessions_user_id on user_sessions is missing"),
        ("CREATE INDEX extra ON groups (name)", "index extra on groups is not in the models"),
        ("ALTER TABLE groups ALTER name DROP NOT NULL", "groups.name: nullable is True, expected False"),
        ("ALTER TABLE groups ALTER name SET DEFAULT 'x'", "groups.name: default is"),
        ("ALTER TABLE groups ALTER version TYPE smallint", "groups.version: type is SMALLINT(), expected BigInteger()"),
        ("ALTER TABLE groups ADD motto text", "column groups.motto is not in the models"),
        ("ALTER TABLE groups DROP deleted_at", "column groups.deleted_at is missing"),
        ("ALTER TABLE users DROP CONSTRAINT uq_users_email_key", "constraint uq_users_email_key on users is missing"),
        ("ALTER TABLE groups DROP CONSTRAINT ck_groups_name_length", "constraint ck_groups_name_length on groups is missing"),
        ("ALTER TABLE orders DROP CONSTRAINT fk_orders_group_id", "fk fk_orders_group_id on orders is missing"),
        ("ALTER TABLE settlements DROP CONSTRAINT pk_settlements", "settlements: primary key is [], expected ['id']"),
        ("DROP TABLE idempotency_keys", "table idempotency_keys is missing"),
        ("DROP INDEX ix_settlements_sent; CREATE INDEX ix_settlements_sent ON settlements (group_id, currency, from_member_id, amount, deleted_at)", "index ix_settlements_sent on settlements has no condition"),
        ("CREATE TABLE stray (id bigint)", "table stray is not in the models"),
        ("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_user_sessions_user_id'::regclass", "index ix_user_sessions_user_id is half built"),
    ],
)  # fmt: skip
def test_check_finds_every_kind_of_drift(database_url, migrate, statement, expected) -> None:
    migrate(database_url)
    execute(database_url, statement)

    ran = migrate(database_url, "--check")

    assert ran.code == 3
    assert f"drift: {expected}" in ran.out


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("DROP INDEX ix_user_sessions_user_id", "index ix_user_sessions_user_id on user_sessions is missing"),
        ("ALTER TABLE groups ADD motto TEXT DEFAULT 'x'", "column groups.motto is not in the models"),
        ("ALTER TABLE groups DROP deleted_at", "column groups.deleted_at is missing"),
        ("CREATE TABLE stray (id INTEGER)", "table stray is not in the models"),
    ],
)  # fmt: skip
def test_check_finds_drift_in_a_file(database_url, migrate, statement, expected) -> None:
    migrate(database_url)
    execute(database_url, statement)

    ran = migrate(database_url, "--check")

    assert ran.code == 3
    assert f"drift: {expected}" in ran.out


def test_tables_of_the_copying_tools_are_no_drift(database_url, migrate) -> None:
    migrate(database_url)
    execute(database_url, "CREATE TABLE tablecopy_log (seq INTEGER PRIMARY KEY)")

    assert migrate(database_url, "--check").code == 0


def test_drift_for_machines(database_url, migrate) -> None:
    migrate(database_url)
    execute(database_url, "CREATE TABLE stray (id INTEGER)")

    ran = migrate(database_url, "--check", "--json")

    answer = json.loads(ran.out)
    assert ran.code == 3
    assert answer["clean"] is False
    assert answer["drift"] == ["table stray is not in the models"]


def test_a_dry_run_tries_it_and_writes_nothing(database_url, migrate, history) -> None:
    migrate(database_url)
    history.add("expand", SHIPPED + 1, MOTTO)
    history.add("expand", SHIPPED + 2, 'op.add_column("users", sa.Column("color", sa.Text))')
    before = structure(database_url), records(database_url)

    ran = migrate(database_url, "--dir", history.folder, "--dry-run")

    assert ran.code == 0
    assert f"-- {step(1)}  Test step {SHIPPED + 1} of expand  (" in ran.out
    assert "ALTER TABLE groups ADD COLUMN motto TEXT;" in ran.out
    assert "ALTER TABLE users ADD COLUMN color TEXT;" in ran.out
    assert "-- nothing was written" in ran.out
    assert (structure(database_url), records(database_url)) == before


def test_a_dry_run_meets_the_real_data(database_url, migrate, history) -> None:
    migrate(database_url)
    _insert_group(database_url)
    history.add("expand", SHIPPED + 1, 'op.execute("INSERT INTO groups SELECT * FROM groups")')

    ran = migrate(database_url, "--dir", history.folder, "--dry-run")

    assert ran.code == 65
    assert f"{step(1)} is refused by the data" in ran.err


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_a_dry_run_says_what_it_cannot_try(database_url, migrate, history) -> None:
    migrate(database_url)
    history.add(
        "expand", SHIPPED + 1, 'create_index_concurrently("ix_groups_name", "groups", ["name"])'
    )
    history.add("expand", SHIPPED + 2, MOTTO)

    ran = migrate(database_url, "--dir", history.folder, "--dry-run", "--json")

    answer = json.loads(ran.out)
    assert [(one["revision"], one["tried"]) for one in answer["revisions"]] == [
        (step(1), False),
        (step(2), False),
    ]
    assert "ix_groups_name" not in str(structure(database_url))


def test_a_dry_run_of_nothing(database_url, migrate) -> None:
    migrate(database_url)

    assert "nothing to do" in migrate(database_url, "--dry-run").out


def test_the_sql_of_one_revision(postgres, migrate) -> None:
    ran = migrate(postgres, "--sql", "expand_0001")

    assert ran.code == 0
    assert ran.out.startswith("BEGIN;")
    assert "CREATE TABLE users (\n    id UUID NOT NULL" in ran.out


def _insert_group(database) -> None:
    id_ = "0190a5b8-0000-7000-8000-000000000001"
    execute(
        database,
        "INSERT INTO groups (id, name, currency, created_at, updated_at, version)"
        f" VALUES ('{id_}', 'Flat', 'TRY', '2026-01-01', '2026-01-01', 1)",
    )
