"""What becomes of a unit, for each way in which two sides can differ; no database is asked."""

import pytest

from backend.capture.tables import Row, SyncedTable, SyncedTables, TableConfig
from backend.capture.tables import SyncedColumn as Column
from backend.schema.tables import ForeignKey
from backend.sync.merge.three_way import (
    ConflictPolicy,
    Decision,
    Image,
    MergeAction,
    RowRef,
    UnitState,
    Winner,
    decide,
    known_since,
)
from backend.sync.options import Direction, OnConflict, SyncOptions
from backend.sync.result import ConflictKind
from backend.values.kinds import ValueKind

TEXT, WHOLE = ValueKind.TEXT, ValueKind.WHOLE
PUSH, PULL = Direction.LOCAL_TO_RENDER, Direction.RENDER_TO_LOCAL
SAME, AHEAD, WRITE = MergeAction.SAME, MergeAction.AHEAD, MergeAction.WRITE
KEEP, MERGE, CONFLICT = MergeAction.KEEP, MergeAction.MERGE, MergeAction.CONFLICT
BOTH, DELETED = ConflictKind.BOTH_CHANGED, ConflictKind.DELETED_AND_CHANGED

NOTES = SyncedTable(
    "notes",
    (
        *(
            Column(name, TEXT, nullable=name == "deleted_at")
            for name in ("id", "words", "spelling", "updated_at", "deleted_at")
        ),
        Column("version", WHOLE, nullable=False),
    ),
    ("id",),
    config=TableConfig(
        ignored=frozenset({"spelling", "updated_at"}),
        counters=frozenset({"version"}),
        deleted="deleted_at",
        changed="updated_at",
    ),
)
LINES = SyncedTable(
    "lines",
    (Column("note_id", TEXT, nullable=False), Column("number", WHOLE, nullable=False)),
    ("note_id", "number"),
    (ForeignKey("fk_notes", ("note_id",), "notes", ("id",)),),
    config=TableConfig(part_of="notes", root=("note_id",)),
)
TABLES = SyncedTables((NOTES, LINES))
ROOT: RowRef = ("notes", ("n",))


def row(words: str, at: str = "10", deleted: str = "", version: int = 1, **more: str) -> Row:
    return ("n", words, more.get("spelling", "as typed"), at, deleted or None, version)


# One letter for each state of a row; 0: it is not there.
STATES: dict[str, Row] = {
    "a": row("first"),
    "b": row("second", "11", version=2),
    "c": row("third", "12", version=2),
    "t": row("as old as b", "11", version=2),
    "d": row("first", "13", deleted="13", version=2),
    # What people cannot see: it is spelled in another way, and somebody has counted that.
    "A": row("first", "14", spelling="AS TYPED", version=3),
    "B": row("second", "15", spelling="AS TYPED", version=4),
}


def image(letter: str) -> Image:
    return {ROOT: STATES[letter]} if letter in STATES else {}


def seen(words: str) -> UnitState:
    """Read a side: `a` was not touched, `a>b` was a at the last sync."""
    base, _, now = words.rpartition(">")
    return UnitState(image(now), image(base) if base else None)


def decided(source: str, target: str, policy: OnConflict, direction: Direction) -> Decision:
    judge = ConflictPolicy(TABLES, SyncOptions(direction, policy))
    return decide(TABLES, ROOT, seen(source), seen(target), judge.winner)


@pytest.mark.parametrize("policy", OnConflict)
@pytest.mark.parametrize("direction", [PUSH, PULL])
@pytest.mark.parametrize(
    ("source", "target", "action", "holds"),
    [
        # Whatever either remembers, what is the same is the same.
        ("a", "a", SAME, "a"),
        ("a>b", "b", SAME, "b"),
        ("b", "a>b", SAME, "b"),
        ("a>b", "a>b", SAME, "b"),
        ("a>b", "c>b", SAME, "b"),
        ("0>a", "0>a", SAME, "a"),
        ("a>0", "a>0", SAME, "0"),
        ("a>0", "0", SAME, "0"),
        # The source was not touched: what the target has done since is the other command's.
        ("a", "a>b", AHEAD, "b"),
        ("a", "a>0", AHEAD, "0"),
        ("a", "a>d", AHEAD, "d"),
        ("0", "0>a", AHEAD, "a"),
        # It was touched, and the target went on from what it is now.
        ("a>b", "b>c", AHEAD, "c"),
        ("a>b", "b>0", AHEAD, "0"),
        ("a>0", "0>b", AHEAD, "b"),
        ("a>a", "a>b", AHEAD, "b"),
        # The target was not touched, or is what it was.
        ("a>b", "a", WRITE, "b"),
        ("a>b", "a>a", WRITE, "b"),
        ("0>a", "0", WRITE, "a"),
        ("0>a", "0>0", WRITE, "a"),
        ("a>0", "a", WRITE, "0"),
        ("a>d", "a", WRITE, "d"),
        ("d>a", "d", WRITE, "a"),
        ("0>b", "a>a", WRITE, "b"),
        ("a", "b", WRITE, "a"),
        # A run was killed between its two commits: the source went on from what the target is.
        ("b>c", "a>b", WRITE, "c"),
        ("b>0", "a>b", WRITE, "0"),
        ("a>b", "0>a", WRITE, "b"),
        ("0>b", "a>0", WRITE, "b"),
    ],
)
def test_without_two_changes_nobody_has_to_decide(
    source, target, action, holds, policy, direction
) -> None:
    found = decided(source, target, policy, direction)

    assert found == Decision(action, image(holds))


@pytest.mark.parametrize("policy", OnConflict)
@pytest.mark.parametrize(
    ("source", "target", "holds"),
    [
        # One of them changed nothing that people see: the other's words, both's count, later stamp.
        pytest.param("a>A", "a>b", row("second", "14", version=4), id="source"),
        pytest.param("a>b", "a>A", row("second", "14", version=4), id="target"),
        # Both have come to the same words: the target's spelling stays.
        pytest.param("a>B", "a>b", row("second", "15", version=5), id="target's spelling"),
        pytest.param(
            "a>b", "a>B", row("second", "15", version=5, spelling="AS TYPED"), id="both's count"
        ),
        # Nobody knows from which count both came: neither count comes back, none is added.
        pytest.param("0>B", "0>b", row("second", "15", version=4), id="both added it"),
        # A row that is gone has nothing to be counted.
        pytest.param("a>A", "a>0", None, id="gone"),
        pytest.param("a>A", "a>d", row("first", "14", deleted="13", version=4), id="deleted"),
    ],
)
def test_what_people_cannot_see_is_no_contradiction(source, target, holds, policy) -> None:
    found = decided(source, target, policy, PUSH)

    assert found == Decision(MERGE, {ROOT: holds} if holds else {})


@pytest.mark.parametrize("direction", [PUSH, PULL])
@pytest.mark.parametrize(
    ("source", "target", "kind"),
    [
        ("a>b", "a>c", BOTH),
        ("0>b", "0>c", BOTH),
        ("a>b", "0>c", BOTH),
        ("a>d", "a>0", BOTH),
        ("a>0", "a>c", DELETED),
        ("a>b", "a>0", DELETED),
        ("a>d", "a>c", DELETED),
        ("a>b", "a>d", DELETED),
    ],
)
def test_two_changes_are_a_conflict_and_nothing_is_written(source, target, kind, direction) -> None:
    found = decided(source, target, OnConflict.REPORT, direction)

    assert found == Decision(CONFLICT, seen(target).now, kind)


SOURCE, TARGET = Winner.SOURCE, Winner.TARGET


@pytest.mark.parametrize(
    ("policy", "direction", "winner"),
    [
        (OnConflict.LOCAL, PUSH, SOURCE),
        (OnConflict.LOCAL, PULL, TARGET),
        (OnConflict.REMOTE, PUSH, TARGET),
        (OnConflict.REMOTE, PULL, SOURCE),
    ],
)
@pytest.mark.parametrize(
    ("source", "target", "kind", "won"),
    [
        ("a>b", "a>c", BOTH, {SOURCE: row("second", "12", version=3), TARGET: row("third", "12", version=3)}),
        ("0>b", "0>c", BOTH, {SOURCE: row("second", "12", version=2), TARGET: row("third", "12", version=2)}),
        ("a>0", "a>c", DELETED, {SOURCE: None, TARGET: STATES["c"]}),
        ("a>b", "a>0", DELETED, {SOURCE: STATES["b"], TARGET: None}),
        (
            "a>d", "a>c", DELETED,
            {SOURCE: row("first", "13", deleted="13", version=3), TARGET: row("third", "13", version=3)},
        ),
    ],
)  # fmt: skip
def test_a_chosen_side_wins_and_both_are_counted(
    source, target, kind, won, policy, direction, winner
) -> None:
    found = decided(source, target, policy, direction)

    action = WRITE if winner is SOURCE else KEEP
    holds: Image = {ROOT: won[winner]} if won[winner] else {}
    assert found == Decision(action, holds, kind, winner)


@pytest.mark.parametrize("direction", [PUSH, PULL])
@pytest.mark.parametrize(
    ("source", "target", "winner"),
    [
        ("a>c", "a>b", SOURCE),
        ("a>b", "a>c", TARGET),
        # A deletion that leaves its row says when it was.
        ("a>d", "a>c", SOURCE),
        # Both say the same moment, or one says nothing any more.
        ("a>b", "a>t", None),
        ("a>0", "a>c", None),
        ("a>b", "a>0", None),
    ],
)
def test_the_newer_one_wins_where_that_can_be_told(source, target, winner, direction) -> None:
    found = decided(source, target, OnConflict.NEWER, direction)

    assert found.winner is winner
    assert found.action is {SOURCE: WRITE, TARGET: KEEP, None: CONFLICT}[winner]


def with_lines(letter: str, *numbers: int) -> Image:
    return {**image(letter), **{("lines", ("n", one)): ("n", one) for one in numbers}}


@pytest.mark.parametrize(
    ("source", "target", "action", "holds"),
    [
        pytest.param((1, 2), (1,), WRITE, (1, 2), id="one side"),
        pytest.param((1,), (1, 3), AHEAD, (1, 3), id="other side"),
        pytest.param((1, 2), (1, 2), SAME, (1, 2), id="the same on both"),
        pytest.param((1, 2), (1, 3), CONFLICT, (1, 3), id="both"),
        pytest.param((), (1, 3), CONFLICT, (1, 3), id="taken away and added"),
    ],
)
def test_a_unit_is_decided_on_with_its_parts(source, target, action, holds) -> None:
    base = with_lines("a", 1)
    here, there = (UnitState(with_lines("a", *numbers), base) for numbers in (source, target))

    found = decide(TABLES, ROOT, here, there, lambda _one, _other: None)

    kind = BOTH if action is CONFLICT else None
    assert found == Decision(action, with_lines("a", *holds), kind)


def test_an_entry_tells_what_the_other_side_holds() -> None:
    now, other = with_lines("b", 1, 2), with_lines("a", 1, 3)

    found = known_since(now, other)

    assert found == {ROOT: STATES["a"], ("lines", ("n", 2)): None, ("lines", ("n", 3)): ("n", 3)}
