"""A report says everything to a file, the first of it to people, and decides the exit code."""

import json
from pathlib import Path

import pytest

from backend.errors import ExitCode
from backend.invariants.checks import InvariantReport, Violation
from backend.tablecopy.results import BadValue, Difference, DifferenceKind
from backend.tablecopy.violations import RowViolation, ViolationKind
from backend.transfer.report import Findings, Report, TableReport, write_report

BAD = BadValue("orders", "id 7", "total", "'12,50'", "is no number")
ORPHAN = RowViolation("orders", "7", ViolationKind.ORPHAN, "fk_orders_group_id_groups", "9")
CHANGED = Difference("orders", "id 7", DifferenceKind.CHANGED, "total", "1250", "1251")
MISSING = Difference("orders", "id 8", DifferenceKind.MISSING)
BROKEN = InvariantReport(1, (Violation("balances", "add up to zero", 1, ("group 1",)),))


def report(**found: object) -> Report:
    """Return a report in which something was found."""
    findings = Findings(**found)  # type: ignore[arg-type]
    return Report("load", "a.db", "postgresql://me@db:5432/b", "nothing", findings=findings)


@pytest.mark.parametrize(
    ("found", "code"),
    [
        pytest.param({}, ExitCode.DONE, id="nothing"),
        pytest.param({"notes": ("a",)}, ExitCode.DONE, id="a note"),
        pytest.param({"bad_values": (BAD,)}, ExitCode.DATA, id="a bad value"),
        pytest.param({"bad_rows": (ORPHAN,)}, ExitCode.DATA, id="an orphan"),
        pytest.param({"differences": (MISSING,)}, ExitCode.FOUND_WANTING, id="a difference"),
        pytest.param({"invariants": BROKEN}, ExitCode.FOUND_WANTING, id="a broken rule"),
        pytest.param({"invariants": InvariantReport(1)}, ExitCode.DONE, id="rules that hold"),
        pytest.param({"obstacles": ("rows",)}, ExitCode.REFUSED, id="a target with rows"),
    ],
)
def test_what_was_found_decides_the_exit_code(found: dict[str, object], code: ExitCode) -> None:
    assert report(**found).exit_code == code


def test_people_read_where_it_is_and_why() -> None:
    lines = report(bad_values=(BAD,), differences=(CHANGED, MISSING)).lines()

    assert lines == [
        "a.db → postgresql://me@db:5432/b",
        "  bad value: orders id 7 total: '12,50': is no number",
        "  difference: orders id 7 total: 1250 in the source, 1251 in the target",
        "  difference: orders id 8 is missing in the target",
        "  nothing",
    ]


def test_a_terminal_gets_the_first_twenty_and_the_number_of_all() -> None:
    lines = report(differences=(CHANGED,) * 30).lines()

    assert sum("difference: orders" in line for line in lines) == 20
    assert "  difference: 30 in all; --report FILE names each of them" in lines


def test_bad_values_are_counted_by_column_and_reason() -> None:
    spans = tuple(
        BadValue("t", f"id={n}", "d", str(n), "is a whole number; --intervals us reads it")
        for n in range(328)
    )
    long = tuple(
        BadValue("t", f"id={n}", "s", "'…'", f"has {n} characters, the column takes 30")
        for n in (31, 40, 77, 99)
    )

    lines = report(bad_values=(*spans, BAD, *long)).lines()

    assert lines[1:] == [
        "  bad values: 328 in t.d: is a whole number; --intervals us reads it",
        "  bad value: t id=0 d: 0: is a whole number; --intervals us reads it",
        "  bad value: t id=1 d: 1: is a whole number; --intervals us reads it",
        "  bad value: t id=2 d: 2: is a whole number; --intervals us reads it",
        "  bad value: orders id 7 total: '12,50': is no number",
        "  bad values: 4 in t.s: has … characters, the column takes …",
        "  bad value: t id=31 s: '…': has 31 characters, the column takes 30",
        "  bad value: t id=40 s: '…': has 40 characters, the column takes 30",
        "  bad value: t id=77 s: '…': has 77 characters, the column takes 30",
        "  bad value: 333 in all; --report FILE names each of them",
        "  nothing",
    ]


def test_the_file_gets_everything(tmp_path: Path) -> None:
    write_report(report(bad_values=(BAD,) * 30), tmp_path / "report.json")

    kept = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert kept["exit_code"] == 65
    assert len(kept["bad_values"]) == 30
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.json"]


def test_rows_that_were_removed_are_counted_where_all_others_are_new() -> None:
    tables = (TableReport("users", 3, written=3, removed=5), TableReport("groups", 0, removed=2))

    lines = Report("update", "a", "b", "done", tables=tables).lines()

    assert lines[1:3] == [
        "  users              3 rows  (3 written, 5 removed)",
        "  groups             0 rows  (2 removed)",
    ]


def test_tables_stand_in_columns_with_their_sum() -> None:
    tables = (TableReport("users", 1200, written=3, changed=2), TableReport("groups", 7))

    lines = Report("update", "a", "b", "done", tables=tables).lines()

    assert lines[1:4] == [
        "  users          1,200 rows  (3 written, 2 changed)",
        "  groups             7 rows",
        "  in all         1,207 rows",
    ]
