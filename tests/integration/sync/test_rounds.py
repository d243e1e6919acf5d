"""The command `sync`: runs in turn, either way, until nothing travels."""

import json
import subprocess
import sys

import pytest

from backend.sync import runner
from tests.integration.sync.command import Home, kept, renamed, user
from tests.repo.checkout import ROOT


def names(home: Home) -> list[list[tuple[object, ...]]]:
    query = "SELECT display_name FROM users ORDER BY 1"
    return [home.here(query), home.there(query)]


def test_both_sides_hold_the_same_after_one_command(home: Home) -> None:
    home("local2render")
    home.here(user(1, "ada@example.com", "Ada"))
    home.there(user(2, "bo@example.com", "Bo"))

    ran = home("sync")

    assert ran.code == 0, ran.err
    assert names(home) == [[("Ada",), ("Bo",)]] * 2
    assert [path.name.partition("-")[2] for path in kept(home)] == [
        "local2render.sql",
        "render2local.sql",
    ]
    assert ran.out.splitlines()[-1] == "3 runs, in turn: done, nothing is left to travel"
    assert ran.out.count("to take this run back: ") == 2


def test_where_nothing_travels_two_runs_find_that_out(home: Home) -> None:
    home("sync")

    ran = home("sync", "--json")

    assert ran.code == 0, ran.err
    assert [one["direction"] for one in json.loads(ran.out)["runs"]] == [
        "local2render",
        "render2local",
    ]


def test_a_conflict_that_remains_is_exit_code_3_and_the_rest_travels(home: Home) -> None:
    home.here(user(1, "ada@example.com", "Ada"))
    home("sync")
    home.here(renamed(1, "Ada here"))
    home.there(renamed(1, "Ada there"))
    home.there(user(2, "bo@example.com", "Bo"))

    ran = home("sync")
    decided = home("sync", "--on-conflict", "remote")

    assert (ran.code, decided.code) == (3, 0), ran.err + decided.err
    assert "1 open conflict left, the rest is done" in ran.out.splitlines()[-1]
    assert names(home) == [[("Ada there",), ("Bo",)]] * 2


def test_deletions_travel_by_the_same_word_in_both_directions(home: Home) -> None:
    for number in range(1, 5):
        home.here(user(number, f"p{number}@example.com", f"P{number}"))
    home("sync")
    home.here(f"DELETE FROM users WHERE id = '{1:032x}'")
    home.there(f"DELETE FROM users WHERE id = '{2:032x}'")

    held = home("sync")
    ran = home("sync", "--deletes", "--max-deletes", "1")

    assert (held.code, ran.code) == (0, 0), held.err + ran.err
    assert held.out.splitlines()[-1] == "2 runs, in turn: done, but for 2 deletions held back"
    assert names(home) == [[("P3",), ("P4",)]] * 2


def test_a_dry_run_goes_each_way_once(home: Home) -> None:
    home.here(user(1, "ada@example.com", "Ada"))
    home.there(user(2, "bo@example.com", "Bo"))

    ran = home("sync", "--dry-run")

    assert ran.code == 0, ran.err
    assert names(home) == [[("Ada",)], [("Bo",)]]
    assert ran.out.count("dry run, connection good: 1 row would be written") == 2


def test_who_writes_all_the_time_is_not_waited_for(home: Home, monkeypatch) -> None:
    """After each run there is something new on the side that was read."""
    once, runs = runner.sync, []

    def disturbed(endpoints, wanted, watcher, *, mirrored):
        ran = once(endpoints, wanted, watcher, mirrored=mirrored)
        runs.append(ran)
        write = home.there if len(runs) % 2 else home.here
        write(user(len(runs), f"p{len(runs)}@example.com"))
        return ran

    monkeypatch.setattr(runner, "sync", disturbed)
    ran = home("sync")

    assert ran.code == 3
    assert len(runs) == 10
    assert "somebody is writing; run it again" in ran.out.splitlines()[-1]


def test_start_over_is_meant_for_the_first_run(home: Home) -> None:
    home.here(user(1, "ada@example.com", "Ada"))
    home("sync")
    home.there(user(2, "bo@example.com", "Bo"))

    ran = home("sync", "--start-over", "--json")

    assert ran.code == 0, ran.err
    assert [one["first"] for one in json.loads(ran.out)["runs"]] == [True, False, False]
    assert names(home) == [[("Ada",), ("Bo",)]] * 2


@pytest.mark.parametrize("command", ["sync", "local2render", "status"])
def test_nothing_stands_before_the_answer_where_no_terminal_is(home: Home, command) -> None:
    """In a process of its own: what libraries log goes to stderr where nobody else takes it."""
    ran = subprocess.run(
        [sys.executable, "sync_databases.py", command, "--local", str(home.file)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert (ran.returncode, ran.stderr) == (0, "")
