"""`python -m backend demo` and `check`, as somebody types them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from backend.admin.cli import main
from backend.invariants.checks import all_invariants
from tests.integration.migrate.conftest import Ran, url_of
from tests.integration.migrate.structure import execute

ROOT = Path(__file__).resolve().parents[3]
RULES = len(all_invariants())


@pytest.fixture
def admin(database_url, capsys, monkeypatch):
    """Call the command with the test's database as the configured one."""
    monkeypatch.setenv("MIGRATE_DATABASE_URL", url_of(database_url))

    def call(*words: str) -> Ran:
        code = main(words)
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return call


def test_a_demo_is_made_and_checked(database_url, admin) -> None:
    made = admin("demo", "--users", "5", "--orders", "20")
    checked = admin("check")

    assert made.code == 0
    assert made.out.splitlines()[0] == str(database_url)
    assert ["orders", "20"] in [line.split() for line in made.out.splitlines()]
    assert (checked.code, checked.err) == (0, "")
    assert checked.out.splitlines() == [str(database_url), f"  all {RULES} rules hold"]


def test_answers_for_machines(database_url, admin) -> None:
    made = json.loads(admin("demo", "--users=5", "--orders=20", "--json").out)
    checked = json.loads(admin("check", "--json").out)

    about = {"engine": database_url.engine, "database": str(database_url)}
    assert made == about | {"rows": made["rows"]}
    assert made["rows"]["users"] == 5
    assert checked == about | {"clean": True, "rules": RULES, "violations": []}


def test_broken_data_ends_in_exit_code_3(database_url, admin) -> None:
    admin("demo", "--users=5", "--orders=20")
    execute(database_url, "UPDATE groups SET currency = 'ZZZ'")

    ran = admin("check")

    assert ran.code == 3
    assert "  broken: currencies of groups (1 times): " in ran.out
    assert ran.out.splitlines()[-1] == f"  1 of {RULES} rules are broken"


def test_rows_are_refused_with_exit_code_77_and_the_flag_is_named(admin) -> None:
    admin("demo", "--users=5", "--orders=20")

    ran = admin("demo", "--users=5", "--orders=20", "--seed=2")

    assert ran.code == 77
    assert "--add" in ran.err


def test_two_databases_are_a_usage_error(admin) -> None:
    assert admin("check", "--db", "a.db", "--url", "sqlite:///b.db").code == 2


def test_it_runs_as_a_module(tmp_path) -> None:
    command = [sys.executable, "-m", "backend", "demo", "--users=1", "--orders=1"]

    done = subprocess.run(
        [*command, "--db", tmp_path / "one.db"],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert ["orders", "1"] in [line.split() for line in done.stdout.splitlines()]
