"""What belongs together, in which order, and what does not belong to anything."""

import pytest

from backend.errors import UsageError
from backend.schema.match import FindingKind, MatchOptions, SchemaMatch, match_tables
from backend.schema.order import parents_first
from backend.schema.tables import Column, ColumnType, ForeignKey, PostgresTable, SqliteTable

TEXT = ColumnType("text", "text")


def source(name: str, *columns: str, key: tuple[str, ...] = ("id",), **options) -> SqliteTable:
    made = tuple(
        Column(column, ColumnType.of_sqlite("TEXT"), not_null=False, **options)
        for column in columns
    )
    return SqliteTable(name, made, key)


def column(name: str, *, not_null: bool = False, **options) -> Column:
    return Column(name, TEXT, not_null, **options)


def target(
    name: str, *columns: str | Column, parents: tuple[str, ...] = (), **options
) -> PostgresTable:
    made = tuple(column(one) if isinstance(one, str) else one for one in columns)
    keys = tuple(ForeignKey(f"fk_{one}", ("p",), one, ("id",)) for one in parents)
    options.setdefault("primary_key", ("id",))
    return PostgresTable(name, made, foreign_keys=keys, schema="public", **options)


def paired(sources, targets, **options) -> SchemaMatch:
    return match_tables(sources, targets, MatchOptions(**options))


@pytest.mark.parametrize(
    ("parents", "groups"),
    [
        pytest.param({}, (), id="nothing"),
        pytest.param({"b": {"a"}, "a": set()}, (("a",), ("b",)), id="parents first"),
        pytest.param({"a": {"a"}}, (("a",),), id="itself"),
        pytest.param({"a": {"elsewhere"}}, (("a",),), id="a table that is not there"),
        pytest.param(
            {"z": {"y"}, "y": {"z", "a"}, "a": set(), "c": {"z"}},
            (("a",), ("y", "z"), ("c",)),
            id="a circle",
        ),
        pytest.param(
            {"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": {"e"}, "e": {"d"}},
            (("d", "e"), ("a", "b", "c")),
            id="a circle that refers to a circle",
        ),
    ],
)
def test_tables_and_circles_come_behind_what_they_refer_to(parents, groups):
    assert parents_first(parents) == groups


def test_tables_come_parents_first():
    made = paired(
        [source("a", "id"), source("b", "id")],
        [target("a", "id", parents=("b",)), target("b", "id")],
    )

    assert [one.target.name for one in made.pairs] == ["b", "a"]
    assert made.findings == ()


def test_names_are_paired_exactly_before_they_are_paired_in_any_case():
    made = paired(
        [source("Order", "Id", "userId"), source("item", "id")],
        [
            target("order", "id", "userid"),
            target("item", "id", "ID"),
        ],
        allowed=frozenset(FindingKind),
    )

    names = {
        one.source.name: (one.target.name, [c.target.name for c in one.columns])
        for one in made.pairs
    }
    assert names == {"Order": ("order", ["id", "userid"]), "item": ("item", ["id"])}


def test_a_name_that_could_mean_two_is_not_guessed():
    made = paired([source("ORDER", "id")], [target("Order", "id"), target("order", "id")])

    assert made.pairs == ()
    assert [str(one) for one in made.findings] == [
        "table only in the source: ORDER",
        "table only in the target: Order",
        "table only in the target: order",
    ]


@pytest.mark.parametrize(
    ("from_columns", "to_columns", "kind"),
    [
        (("id", "more"), ("id",), FindingKind.COLUMN_ONLY_IN_SOURCE),
        (("id",), ("id", "more"), FindingKind.COLUMN_ONLY_IN_TARGET),
        (
            ("id",),
            ("id", column("more", not_null=True, has_default=True)),
            FindingKind.COLUMN_ONLY_IN_TARGET,
        ),
    ],
)
def test_what_is_on_one_side_only_needs_to_be_allowed(from_columns, to_columns, kind):
    sides = [source("t", *from_columns)], [target("t", *to_columns)]

    refused, allowed = paired(*sides), paired(*sides, allowed=frozenset([kind]))

    assert [str(one) for one in refused.open_findings] == [f"{kind}: t.more"]
    assert not allowed.open_findings


@pytest.mark.parametrize(
    ("from_columns", "to_columns", "kind"),
    [
        (
            ("id",),
            ("id", column("more", not_null=True)),
            FindingKind.COLUMN_WITHOUT_VALUE,
        ),
        (("a",), ("b",), FindingKind.NO_COMMON_COLUMN),
    ],
)
def test_what_cannot_work_is_refused_whatever_is_allowed(from_columns, to_columns, kind):
    made = paired(
        [source("t", *from_columns)],
        [target("t", *to_columns)],
        allowed=frozenset(FindingKind),
    )

    assert [one.kind for one in made.open_findings] == [kind]


def test_what_the_target_computes_is_neither_written_nor_missed():
    made = paired(
        [source("t", "id", "total")],
        [target("t", "id", column("total", generated=True), column("other", generated=True))],
    )

    assert [one.target.name for one in made.pairs[0].columns] == ["id"]
    assert made.findings == ()


def test_bookkeeping_is_neither_copied_nor_missed():
    made = paired(
        [source("alembic_version", "v"), source("t", "id")],
        [target("schema_state", "v"), target("t", "id")],
        left_alone=frozenset({"alembic_version", "schema_state"}),
    )

    assert [one.target.name for one in made.pairs] == ["t"]
    assert made.findings == ()


def test_chosen_tables_alone():
    sides = [source("a", "id"), source("b", "id")], [target("a", "id"), target("c", "id")]

    assert [one.target.name for one in paired(*sides, only=("a",)).pairs] == ["a"]
    with pytest.raises(UsageError, match="b, nowhere"):
        paired(*sides, only=("b", "nowhere"))


@pytest.mark.parametrize(
    ("options", "key"),
    [
        pytest.param({}, ["id"], id="primary key"),
        pytest.param({"primary_key": ("id", "far")}, ["id"], id="source's key"),
        pytest.param({"primary_key": (), "unique_keys": (("n",),)}, ["n"], id="unique, filled"),
        pytest.param({"primary_key": (), "unique_keys": (("m",),)}, ["id"], id="unique, may be empty"),
    ],
)  # fmt: skip
def test_the_key_tells_rows_apart_on_both_sides(options, key):
    columns = ("id", "m", column("n", not_null=True), "far")

    made = paired([source("t", "id", "m", "n")], [target("t", *columns, **options)])

    assert [one.target.name for one in made.pairs[0].key] == key
