"""The command as people type it, on a file at home and a server elsewhere."""

import json
import os
import re
import subprocess
import sys

import pytest

from backend.sync.cli import main
from backend.sync.replica.sqlite import SQLiteReplica
from tests.integration.sync.command import PASSWORD, kept, renamed, user
from tests.repo.checkout import ROOT


def test_without_a_command_it_helps(capsys) -> None:
    code = main([])

    told = capsys.readouterr().out
    assert code == 0
    for word in ("status", "local2render", "render2local", "Exit codes:"):
        assert word in told


@pytest.mark.parametrize("command", ["status", "local2render", "render2local"])
def test_each_command_says_that_a_command_line_can_be_read(capsys, command) -> None:
    code = main([command, "--help"])

    told = " ".join(capsys.readouterr().out.split())
    assert code == 0
    assert "Other users of this machine can read a command line" in told
    assert "RENDER_DATABASE_URL" in told


def test_the_launcher_leads_here() -> None:
    done = subprocess.run(
        [sys.executable, "sync_databases.py"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Usage: sync_databases.py")


def test_what_changed_here_goes_there_and_a_second_run_does_nothing(home) -> None:
    home.here(user(1, "ada@example.com"))

    first, second = home("local2render"), home("local2render")

    assert (first.code, second.code) == (0, 0), first.err
    assert home.there("SELECT email FROM users") == [("ada@example.com",)]
    assert first.out.splitlines()[-1] == "  done, connection good: 1 row written"
    assert second.out.splitlines()[-1] == "  done, connection good: nothing to do"


def test_the_path_of_a_file_is_enough(home) -> None:
    home.here(user(1, "ada@example.com"))

    ran = home("local2render", local=("--local", str(home.file)))
    missing = home("status", local=("--local", "no/such.db"))

    assert ran.code == 0, ran.err
    assert home.there("SELECT email FROM users") == [("ada@example.com",)]
    assert missing.code == 78
    assert "there is no SQLite file at no/such.db" in missing.err


def test_what_changed_there_comes_here(home) -> None:
    home("local2render")
    home.there(user(2, "bo@example.com"))

    ran = home("render2local")

    assert ran.code == 0, ran.err
    assert home.here("SELECT email FROM users") == [("bo@example.com",)]


def test_a_side_without_a_schema_gets_one_by_what_the_hint_says(home, monkeypatch) -> None:
    home.there("DROP SCHEMA public CASCADE")
    home.there("CREATE SCHEMA public")
    refused = home("local2render")
    (command,) = re.findall(r"python (backend/db_migrate\.py [^(\n]+)\(MIGRATE_", refused.err)
    monkeypatch.setenv("MIGRATE_DATABASE_URL", os.environ["RENDER_DATABASE_URL"])

    migrated = subprocess.run([sys.executable, *command.split()], cwd=ROOT, check=False)
    ran = home("local2render")

    assert (refused.code, migrated.returncode, ran.code) == (77, 0, 0), ran.err


def test_status_shows_both_and_writes_nothing(home) -> None:
    home("local2render")
    home.here(user(1, "ada@example.com"))
    before = home.file.read_bytes()

    ran = home("status", "--verify")

    assert ran.code == 0, ran.err
    assert "1 row to travel: python sync_databases.py local2render" in ran.out
    assert "every row was compared" in ran.out
    assert home.file.read_bytes() == before


def test_two_sides_that_were_never_synced_can_be_compared(home) -> None:
    home.here(user(1, "ada@example.com"))

    ran = home("status", "--verify")

    assert ran.code == 3, ran.err
    assert "is only in the local database" in ran.out


def test_a_dry_run_says_what_would_be_done_and_does_not_do_it(home) -> None:
    home.here(user(1, "ada@example.com"))

    ran = home("local2render", "--dry-run")

    assert ran.code == 0, ran.err
    assert "dry run, connection good: 1 row would be written" in ran.out
    assert home.there("SELECT email FROM users") == []


def test_a_mirror_keeps_the_file_as_it_was(home) -> None:
    home.here(user(1, "ada@example.com"))
    home.there(user(2, "bo@example.com"))

    dry, ran = home("render2local", "--mirror", "--dry-run"), home("render2local", "--mirror")

    (copy,) = kept(home)
    assert (dry.code, ran.code) == (0, 0), ran.err
    assert f"  the file as it was: {copy}" in ran.out.splitlines()
    assert home.here("SELECT email FROM users") == [("bo@example.com",)]
    home.file = copy
    assert home.here("SELECT email FROM users") == [("ada@example.com",)]


def test_a_mirror_over_a_server_wants_to_hear_that_nothing_is_kept(home) -> None:
    log = ("--log", str(home.file.with_name("sync.log")))
    words = ("--local", home.hosted.conninfo(), "--remote", f"sqlite:///{home.file}", *log)

    refused = home("render2local", "--mirror", local=words)
    done = home("render2local", "--mirror", "--no-backup", local=words)

    assert (refused.code, done.code) == (77, 0), done.err
    assert "pg_dump" in refused.err


def test_an_open_conflict_is_exit_code_3(home) -> None:
    home.here(user(1, "ada@example.com"))
    home("local2render")
    home.here(renamed(1, "Ada at home"))
    home.there(renamed(1, "Ada elsewhere"))

    ran, seen = home("local2render", "--json"), home("status")
    decided = home("local2render", "--on-conflict", "local")

    told = json.loads(ran.out)
    assert (ran.code, seen.code, told["exit_code"], decided.code) == (3, 3, 3, 0)
    assert told["conflicts"][0]["fields"][0]["local"] == "Ada at home"
    assert "display_name: local 'Ada at home', remote 'Ada elsewhere'" in seen.out
    assert home.there("SELECT display_name FROM users") == [("Ada at home",)]


@pytest.mark.parametrize(
    ("local_clock", "notes"),
    [
        pytest.param(SQLiteReplica.clock, 0, id="the same machine"),
        pytest.param(lambda _side: "2020-01-01 00:00:00.000000", 1, id="years behind"),
    ],
)
def test_newer_warns_where_the_clocks_differ(home, monkeypatch, local_clock, notes) -> None:
    monkeypatch.setattr(SQLiteReplica, "clock", local_clock)

    ran = home("local2render", "--on-conflict", "newer")

    assert ran.code == 0, ran.err
    assert len(re.findall(r"note: the clocks of both sides differ by [\d,]+ s", ran.out)) == notes


def test_a_password_need_not_be_typed(home) -> None:
    where = home.hosted.params
    url = f"postgresql://{where['user']}@{where['host']}:{where['port']}/{where['dbname']}"

    done = subprocess.run(
        [sys.executable, "sync_databases.py", "status", "--remote", url,
         "--local", f"sqlite:///{home.file}"],
        cwd=ROOT, env={"PGPASSWORD": PASSWORD, "PATH": "/usr/bin:/bin"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
