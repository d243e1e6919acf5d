"""Expand, deploy, contract: in this order, and past no release that still runs."""

import psycopg
import pytest

from backend.version import release
from tests.integration.migrate.conftest import SHIPPED, step
from tests.integration.migrate.structure import execute, records, structure

ADD = 'op.add_column("groups", sa.Column("motto", sa.Text))'
DROP = ('with op.batch_alter_table("groups") as table:', '    table.drop_column("motto")')


@pytest.fixture
def expanded(history):
    """A history with one more expand revision and the contract revision that undoes it."""
    history.add("expand", SHIPPED + 1, ADD)
    history.add("contract", 1, *DROP, depends_on=step(1))
    return history


def test_expand_leaves_contract_alone(database_url, migrate, expanded) -> None:
    ran = migrate(database_url, "--dir", expanded.folder)

    assert ran.code == 0
    assert records(database_url)[1] == [(1, SHIPPED + 1, 0)]
    assert "motto" in structure(database_url)["groups"]["columns"]


def test_contract_before_expand_is_refused(database_url, migrate, expanded) -> None:
    migrate(database_url)

    ran = migrate(database_url, "--dir", expanded.folder, "--phase", "contract")

    assert ran.code == 77
    assert f"still to be applied: {step(1)}" in ran.err
    assert records(database_url)[1] == [(1, SHIPPED, 0)]


def test_contract_follows_expand(database_url, migrate, expanded) -> None:
    migrate(database_url, "--dir", expanded.folder)

    ran = migrate(database_url, "--dir", expanded.folder, "--phase", "contract")

    assert ran.code == 0
    assert records(database_url)[1] == [(1, SHIPPED + 1, 1)]
    assert "motto" not in structure(database_url)["groups"]["columns"]


def test_expanding_goes_on_after_a_contraction(database_url, migrate, expanded) -> None:
    migrate(database_url, "--dir", expanded.folder)
    migrate(database_url, "--dir", expanded.folder, "--phase", "contract")
    expanded.add("expand", SHIPPED + 2, 'op.add_column("groups", sa.Column("color", sa.Text))')

    ran = migrate(database_url, "--dir", expanded.folder)

    assert ran.code == 0
    assert records(database_url) == (["contract_0001", step(2)], [(1, SHIPPED + 2, 1)])


def test_what_a_contraction_will_take_is_no_drift(database_url, migrate, expanded) -> None:
    migrate(database_url, "--dir", expanded.folder)

    ran = migrate(database_url, "--dir", expanded.folder, "--check")

    assert ran.code == 0
    assert "until contracted: column groups.motto is not in the models" in ran.out


def test_an_older_release_works_on_a_newer_schema(database_url, migrate, expanded) -> None:
    migrate(database_url, "--dir", expanded.folder)

    ran = migrate(database_url)

    assert ran.code == 0
    assert "the schema is that of a later release and still fits this one" in ran.out
    assert records(database_url)[1] == [(1, SHIPPED + 1, 0)]


@pytest.mark.parametrize("question", ["--status", "--check", "--dry-run"])
def test_an_older_release_can_ask_about_a_newer_schema(
    database_url, migrate, expanded, question
) -> None:
    migrate(database_url, "--dir", expanded.folder)

    assert migrate(database_url, question).code == 0


@pytest.mark.parametrize("phase", ["expand", "contract"])
def test_an_older_release_is_refused_once_its_columns_are_gone(
    database_url, migrate, expanded, phase
) -> None:
    migrate(database_url, "--dir", expanded.folder)
    migrate(database_url, "--dir", expanded.folder, "--phase", "contract")

    ran = migrate(database_url, "--phase", phase)

    assert ran.code == 77
    assert "a later release has contracted the schema to level 1" in ran.err
    assert "restore a backup" in ran.err


def test_two_lines_of_development_are_refused(database_url, migrate, expanded) -> None:
    migrate(database_url, "--dir", expanded.folder)
    execute(
        database_url,
        "UPDATE alembic_version SET version_num = 'expand_0007'",
        f"UPDATE schema_state SET expand_level = {SHIPPED}",
    )

    ran = migrate(database_url, "--dir", expanded.folder)

    assert ran.code == 77
    assert "two lines of development" in ran.err


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_contract_waits_for_the_old_release_to_leave(database_url, migrate, expanded) -> None:
    words = ("--dir", expanded.folder, "--phase", "contract")
    migrate(database_url, *words[:2])

    with psycopg.connect(database_url.conninfo(application_name="app:blue:0.0.9-0123456789")):
        refused = migrate(database_url, *words)
        told = migrate(database_url, *words[:2], "--status")
    with psycopg.connect(database_url.conninfo(application_name=f"app:green:{release()}")):
        done = migrate(database_url, *words)

    assert refused.code == 77
    assert "app:blue:0.0.9-0123456789 (connections: 1)" in refused.err
    assert "older release connected: app:blue:0.0.9-0123456789" in told.out
    assert done.code == 0
    assert records(database_url)[1] == [(1, SHIPPED + 1, 1)]
