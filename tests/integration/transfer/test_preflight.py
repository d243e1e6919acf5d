"""A dry run and a check name what the run would name, and every way out that is named works."""

import json

import pytest

ROWS = [(1, "x"), (2, "y")]
OBSTACLES = [
    pytest.param("CREATE VIEW v AS SELECT id FROM a", "view public.v depends on it", id="a view"),
    pytest.param(
        "CREATE MATERIALIZED VIEW v AS SELECT id FROM a",
        "materialized view public.v depends on it",
        id="a materialized view",
    ),
    pytest.param(
        "CREATE FUNCTION f() RETURNS SETOF a LANGUAGE sql BEGIN ATOMIC SELECT * FROM a; END",
        "function public.f() depends on it",
        id="a function",
    ),
    pytest.param(
        "CREATE PUBLICATION p FOR ALL TABLES",
        "publication p sends its rows on",
        id="a publication of all tables",
    ),
    pytest.param(
        "CREATE PUBLICATION p FOR TABLES IN SCHEMA public",
        "publication p sends its rows on",
        id="a publication of a schema",
    ),
    pytest.param(
        "COMMENT ON TYPE a IS 'a row'", "a comment on type public.a", id="a comment on its type"
    ),
    pytest.param("CREATE TABLE b () INHERITS (a)", "another table inherits from it", id="heirs"),
]


def obstacles(ran):
    """Return what stands in the way, and see that it is a refusal."""
    assert ran.code == 77, ran.out + ran.err
    return json.loads(ran.out)["obstacles"]


@pytest.mark.parametrize(("made", "reason"), OBSTACLES)
def test_what_cannot_be_exchanged_is_named_and_is_updated_in_place(move, made, reason) -> None:
    move.prepare(made)
    flags = ["--allow-missing-tables"]

    planned, checked, ran = (
        move("--dry-run", "--json", *flags),
        move("--check", "--json", *flags),
        move(*flags),
    )

    found = obstacles(planned)
    assert any(reason in one for one in found)
    assert all("--update" in one for one in found)
    assert obstacles(checked) == found
    assert ran.code == 77
    assert "; ".join(found) in ran.err
    assert move.rows() == []
    assert move("--update", "--check", *flags).code == 0
    assert move("--update", *flags).code == 0
    assert move.rows() == [(1, "x"), (2, "y")]


def test_a_constraint_that_is_not_enforced_stands_in_nobodys_way(move) -> None:
    move.prepare(
        "CREATE TABLE b (id integer PRIMARY KEY)",
        "ALTER TABLE a ADD CHECK (id > 1) NOT ENFORCED",
        "ALTER TABLE a ADD FOREIGN KEY (id) REFERENCES b NOT ENFORCED",
    )

    checked, ran = (move(flag, "--allow-missing-tables") for flag in ("--check", "--json"))

    assert checked.code == 0, checked.out
    assert ran.code == 0, ran.out + ran.err
    assert move.rows() == ROWS


@pytest.mark.parametrize(
    "constraint",
    [
        pytest.param("CONSTRAINT said CHECK (id > 1) NOT VALID", id="a check"),
        pytest.param("CONSTRAINT said FOREIGN KEY (id) REFERENCES b NOT VALID", id="a reference"),
    ],
)
def test_what_is_not_valid_yet_holds_for_rows_that_come(move, constraint) -> None:
    move.prepare(
        "CREATE TABLE b (id integer PRIMARY KEY); INSERT INTO b VALUES (2)",
        f"ALTER TABLE a ADD {constraint}",
    )

    words = ((flag, "--allow-missing-tables") for flag in ("--check", "--json", "--update"))
    checked, loaded, updated = (move(*one) for one in words)

    assert (checked.code, loaded.code, updated.code) == (65, 65, 65)
    assert all("said" in one.out for one in (checked, loaded, updated))
    assert move.rows() == []
