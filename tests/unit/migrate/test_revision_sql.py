"""The SQL of one revision, as a linter reads it: alone, and without a database."""

import pytest

from backend.migrate.revision import revision_sql
from tests.integration.migrate.conftest import SHIPPED, Continued, continued, step


@pytest.fixture
def history(tmp_path) -> Continued:
    """The history of Postgres, to go on with."""
    return continued("postgres", tmp_path)


def test_a_revision_is_shown_alone(history) -> None:
    history.add("expand", SHIPPED + 1, 'op.add_column("groups", sa.Column("motto", sa.Text))')

    text = revision_sql(history.load(), step(1))

    assert text == "BEGIN;\n\nALTER TABLE groups ADD COLUMN motto TEXT;\n\nCOMMIT;\n\n"


def test_what_leaves_the_transaction_is_shown_outside_of_it(history) -> None:
    history.add(
        "expand", SHIPPED + 1, 'create_index_concurrently("ix_groups_name", "groups", ["name"])'
    )

    statements = revision_sql(history.load(), step(1)).replace("\n", " ").split(";")

    assert [statement.strip() for statement in statements] == [
        "BEGIN",
        "COMMIT",
        "SET lock_timeout = 0",
        "SET statement_timeout = 0",
        "CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_groups_name ON groups (name)",
        "BEGIN",
        "COMMIT",
        "",
    ]


def test_dropping_is_meant_in_a_contract_revision(history) -> None:
    history.add("contract", 1, 'op.drop_column("groups", "name")', depends_on=step(0))

    text = revision_sql(history.load(), "contract_0001")

    assert text.startswith("-- squawk-ignore-file ban-drop-column, ban-drop-table\n")
    assert "ALTER TABLE groups DROP COLUMN name;" in text
