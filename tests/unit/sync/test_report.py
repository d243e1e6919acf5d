"""What people are told, to the letter, and what machines are."""

import json
import shlex
from dataclasses import replace
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from backend.config.database_url import DatabaseUrl, parse_database_url
from backend.sync.options import Direction, Endpoints
from backend.sync.report import RunReport
from backend.sync.result import (
    ConflictKind,
    Deletion,
    DuplicatePair,
    FieldDifference,
    MergeConflict,
    Mismatch,
    PairStatus,
    ReplicaStatus,
    SyncResult,
    TableCount,
)
from backend.sync.status_report import StatusReport

ENDS = Endpoints(
    DatabaseUrl("sqlite", path=Path("/srv/my app/home.db")),
    parse_database_url("postgresql://me:hidden@db.example.com/hesap"),
)
TITLE = FieldDifference("orders", "o1", "title", "Soup", "Salad")
PAYER = FieldDifference("order_payers", "o1 m1", "amount", "5", None)
OPEN = MergeConflict("orders", "o1", ConflictKind.BOTH_CHANGED, (TITLE, PAYER))
SAME_MOMENT = replace(OPEN, has_later=False)
KEPT = MergeConflict("groups", "g1", ConflictKind.DELETED_AND_CHANGED, resolved="local")
TAKEN = MergeConflict("users", "u9", ConflictKind.TAKEN, because="email_key of users u1")


def ran(
    direction: Direction = Direction.LOCAL_TO_RENDER, *, dry_run: bool = False, **found
) -> RunReport:
    outcome = SyncResult(
        direction=direction, dry_run=dry_run, first=found.pop("first", False), **found
    )
    return RunReport(outcome, ENDS, ("RENDER_DATABASE_URL: TLS",))


def test_a_run_is_told_from_the_tables_to_what_is_left_to_do() -> None:
    answer = ran(
        first=True,
        tables={
            "users": TableCount(inserted=1200, same=1),
            "groups": TableCount(),
            "orders": TableCount(updated=2, deleted=3),
        },
        paired=[DuplicatePair("users", "u1", "u2", (("group_members", "m1"),))],
        conflicts=[KEPT, OPEN, TAKEN],
        deletions=[Deletion("orders", "o7", travelled=True), Deletion("orders", "o8")],
        waiting={"order_shares": 4, "groups": 0},
        notes=["the clocks differ by 9 s"],
        backup=Path("/srv/my app/sync-backups/undo.sql"),
    )

    assert answer.lines() == [
        "local2render: sqlite:////srv/my app/home.db → postgresql://me@db.example.com:5432/hesap",
        "  RENDER_DATABASE_URL: TLS",
        "  first sync: both sides were compared whole",
        "  note: the clocks differ by 9 s",
        "  table   inserted  updated  deleted  alike",
        "  users      1,200        0        0      1",
        "  orders         0        2        3      0",
        "  paired: users u1 is u2 there, and is called so here now",
        "    moved: group_members m1",
        "  conflict: orders o1: changed on both sides",
        "    title: local 'Soup', remote 'Salad'",
        "    order_payers o1 m1 amount: local '5', remote has no such row",
        "  conflict: users u9: holds a value that belongs to another row there"
        " (email_key of users u1)",
        "  conflict: groups g1: deleted on one side, changed on the other; the local one was kept",
        "  deleted: orders o7",
        "  deleted on one side only: orders o8",
        "  1 deletion held back: --deletes lets deletions travel",
        "  waiting: 4 rows of order_shares, until what it needs has travelled",
        "  to take this run back: psql -d postgresql://me@db.example.com:5432/hesap"
        " -f '/srv/my app/sync-backups/undo.sql'",
        "  connection good: 1,205 rows written; 2 open conflicts: decide with --on-conflict local, remote or newer;"
        " where that does not help, change one of the rows",
    ]
    assert not answer.is_clean


def test_the_other_direction_goes_the_other_way() -> None:
    lines = ran(
        Direction.RENDER_TO_LOCAL,
        tables={"users": TableCount(inserted=1)},
        backup=Path("/undo.sql"),
    ).lines()

    assert lines[0].endswith("hesap → sqlite:////srv/my app/home.db")
    assert "  to take this run back: sqlite3 '/srv/my app/home.db' < /undo.sql" in lines


@pytest.mark.parametrize(
    ("remote", "address"),
    [
        pytest.param(
            "postgresql:///hesap?host=/run/my%20socket&port=5433&user=me",
            "user=me dbname=hesap host='/run/my socket' port=5433",
            id="the folder of a socket",
        ),
        pytest.param("postgresql:///hesap", "dbname=hesap", id="the socket that psql knows"),
        pytest.param(
            "postgresql://me%40home:hidden@db.example.com/hesap",
            "user=me@home dbname=hesap host=db.example.com",
            id="a name that a URL would encode",
        ),
    ],
)
def test_the_address_to_take_a_run_back_is_one_that_psql_takes(remote, address) -> None:
    ends = replace(ENDS, remote=parse_database_url(remote))
    outcome = SyncResult(
        direction=Direction.LOCAL_TO_RENDER, dry_run=False, first=False, backup=Path("/undo.sql")
    )

    (line,) = [one for one in RunReport(outcome, ends).lines() if "take this run back" in one]

    words = shlex.split(line.partition(": ")[2])
    assert (words[0], words[3:]) == ("psql", ["-f", "/undo.sql"])
    assert conninfo_to_dict(words[2]) == conninfo_to_dict(address)


def test_a_mirror_says_where_the_old_file_is() -> None:
    lines = ran(Direction.RENDER_TO_LOCAL, mirrored=True, backup=Path("/kept/home.db")).lines()

    assert lines[0].startswith("mirror: postgresql://")
    assert "  the file as it was: /kept/home.db" in lines


@pytest.mark.parametrize(
    ("answer", "last"),
    [
        pytest.param(ran(), "done, connection good: nothing to do", id="nothing"),
        pytest.param(
            ran(dry_run=True, tables={"users": TableCount(inserted=2)}),
            "dry run, connection good: 2 rows would be written, nothing was",
            id="dry run",
        ),
        pytest.param(
            ran(conflicts=[OPEN]),
            "connection good: nothing was written; 1 open conflict:"
            " decide with --on-conflict local, remote or newer",
            id="conflict only",
        ),
        pytest.param(
            ran(conflicts=[SAME_MOMENT]),
            "connection good: nothing was written; 1 open conflict:"
            " decide with --on-conflict local or remote",
            id="conflict that time does not settle",
        ),
        pytest.param(
            ran(conflicts=[TAKEN]),
            "connection good: nothing was written; 1 open conflict: change one of the rows",
            id="conflict that no option settles",
        ),
        pytest.param(
            ran(conflicts=[KEPT]),
            "done, connection good: nothing to do",
            id="conflict that was decided",
        ),
    ],
)
def test_the_last_line_is_the_answer(answer: RunReport, last: str) -> None:
    assert answer.lines()[-1] == f"  {last}"


def test_a_long_list_ends_and_says_so() -> None:
    many = [Deletion("orders", f"o{number}") for number in range(1_020)]

    lines = ran(deletions=many).lines()

    assert sum("deleted on one side only: orders" in line for line in lines) == 20
    assert "  deleted on one side only: and 1,000 more: --json names each of them" in lines


def test_machines_are_told_everything() -> None:
    many = [Deletion("orders", f"o{number}") for number in range(1_020)]

    told = json.loads(json.dumps(ran(deletions=many, conflicts=[OPEN]).as_dict()))

    assert len(told["deletions"]) == 1_020
    assert told["direction"] == "local2render"
    assert told["conflicts"][0]["fields"][0]["remote"] == "Salad"
    assert (told["open_conflicts"], told["written"], told["exit_code"]) == (1, 0, 3)


def test_no_password_is_told() -> None:
    answer = ran()

    assert "hidden" not in "\n".join(answer.lines()) + json.dumps(answer.as_dict())


LOCAL = ReplicaStatus("sqlite:////srv/home.db", "expand_0001", {"users": 5, "groups": 3})
REMOTE = ReplicaStatus("postgresql://me@host:5432/hesap", "expand_0001", {"users": 2_000})


def test_a_look_shows_both_sides_in_columns() -> None:
    status = PairStatus(LOCAL, REMOTE, "2026-11-25T09:00:00+00:00", {"users": 3}, {"groups": 1})

    assert StatusReport(status, None, ("RENDER_DATABASE_URL: TLS",)).lines() == [
        "local   sqlite:////srv/home.db  (schema expand_0001)",
        "remote  postgresql://me@host:5432/hesap  (schema expand_0001)",
        "RENDER_DATABASE_URL: TLS",
        "last sync: 2026-11-25 09:00:00 UTC",
        "",
        "table   local  remote  to remote  to local",
        "users       5   2,000          3         0",
        "groups      3       0          0         1",
        "",
        "3 rows to travel: python sync_databases.py local2render",
        "1 row to travel: python sync_databases.py render2local",
        "done, connection good",
    ]


@pytest.mark.parametrize(
    ("seen", "last", "clean"),
    [
        (
            StatusReport(PairStatus(LOCAL, REMOTE)),
            "never synced: the first run, either way, compares both sides whole",
            True,
        ),
        (StatusReport(PairStatus(LOCAL, REMOTE, "2026-11-25")), "nothing to do", True),
        (
            StatusReport(PairStatus(LOCAL, REMOTE, "2026-11-25", conflicts=[OPEN])),
            "only conflicts are left: decide with --on-conflict local, remote or newer",
            False,
        ),
    ],
)
def test_a_look_ends_with_what_to_do_next(seen: StatusReport, last: str, *, clean: bool) -> None:
    assert seen.lines()[-2:] == [last, "done, connection good" if clean else "connection good"]
    assert seen.is_clean is clean


def test_a_comparison_that_finds_nothing_says_that_it_was_made() -> None:
    lines = StatusReport(PairStatus(LOCAL, REMOTE, "2026-11-25"), ()).lines()

    assert "every row was compared: no difference but what is to travel" in lines


def test_a_difference_that_nobody_has_noted_is_named_with_what_to_do() -> None:
    seen = StatusReport(
        PairStatus(LOCAL, REMOTE, "2026-11-25"), (Mismatch("users", "u1", "name differs"),)
    )

    assert not seen.is_clean
    assert "difference: users u1: name differs" in seen.lines()
    assert any("--start-over" in line for line in seen.lines())
    assert seen.as_dict()["mismatches"] == [{"table": "users", "key": "u1", "says": "name differs"}]
