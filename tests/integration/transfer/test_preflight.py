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
