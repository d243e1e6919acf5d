"""Virtual tables that hold something of their own are named; nobody says that all was compared."""

import pytest

from tests.integration.transfer.conftest import write

OWN = [
    pytest.param("CREATE VIRTUAL TABLE v USING fts5(t)", id="fts5"),
    pytest.param("CREATE VIRTUAL TABLE v USING fts5(t, content='')", id="fts5 of nothing"),
    pytest.param("CREATE VIRTUAL TABLE v USING fts4(t)", id="fts4"),
    pytest.param("CREATE VIRTUAL TABLE v USING rtree(id, a, b)", id="rtree"),
]


@pytest.mark.parametrize("made", OWN)
def test_what_only_a_virtual_table_holds_is_named_before_it_is_left_out(move, made) -> None:
    write(move.source, made)

    planned, checked, refused = move("--dry-run"), move("--check"), move()
    ran = move("--allow-extra-tables")

    for one in (planned, checked, refused):
        assert one.code == 77
        assert "virtual table with its own content, which cannot be copied: v" in one.out + one.err
        assert "--allow-extra-tables" in one.out + one.err
    assert ran.code == 0, ran.out + ran.err
    assert ran.out.splitlines()[-1].strip() == "done: every row but those of v has been compared"


def test_a_virtual_table_can_be_excluded_by_its_name(move) -> None:
    write(move.source, "CREATE VIRTUAL TABLE v USING fts5(t)")

    ran = move("--exclude", "v")

    assert ran.code == 0, ran.out + ran.err
    assert "every row but those of v" in ran.out


@pytest.mark.parametrize(
    "made",
    [
        "CREATE VIRTUAL TABLE v USING fts5(t, content = 'a', content_rowid = 'id')",
        'CREATE VIRTUAL TABLE v USING fts4(content="a", t)',
        "CREATE VIRTUAL TABLE v USING fts5vocab('a', 'row')",
    ],
    ids=["fts5 over a table", "fts4 over a table", "of no content"],
)
def test_what_other_tables_hold_too_is_not_missed(move, made) -> None:
    write(move.source, made)

    ran = move()

    assert ran.code == 0, ran.out + ran.err
    assert "done: every row has been compared" in ran.out


def test_each_virtual_table_is_told_from_those_whose_name_begins_like_its_own(move) -> None:
    write(
        move.source,
        "CREATE VIRTUAL TABLE v_words USING fts5(t)",
        "CREATE VIRTUAL TABLE v USING fts5vocab('v_words', 'row')",
    )

    ran = move()

    assert ran.code == 77
    assert "v_words (" in ran.err
    assert ": v (" not in ran.err
