"""Whatever is wrong with a SQLite file, a command ends in a sentence and a code of its guide."""

import os
import re
import shutil
from pathlib import Path
from typing import Any

import psycopg
import pytest

from backend.admin.cli import main as manage
from backend.migrate.cli import main as migrate
from backend.sync.cli import main as sync
from backend.transfer.cli import main as transfer
from tests.integration.transfer.damage import damage, damaged

DOCS = Path(__file__).resolve().parents[3] / "docs"
# A transfer meets each way of damage once, whoever else reads a file twice. A drill goes on, and
# FUZZ=1000 further.
MOST = int(os.environ.get("FUZZ", "0"))
WAYS = 9
ALLOWANCES = [
    f"--allow-{what}-{thing}" for what in ("extra", "missing") for thing in ("tables", "columns")
]


def seeds(first: int, ordinary: int, *, more: int) -> list[Any]:
    """Return the seeds of an ordinary run, and as many more as a drill goes through."""
    every = range(first, first + (MOST or ordinary + more))
    return [
        pytest.param(n, marks=[] if MOST or n < first + ordinary else pytest.mark.slow)
        for n in every
    ]


def codes(guide: str) -> set[int]:
    """Return the exit codes that a guide has, but for that of an unexpected error."""
    text = (DOCS / guide).read_text("utf-8")
    return {int(code) for code in re.findall(r"^\| (\d{1,2}) \| ", text, re.MULTILINE)} - {1}


@pytest.fixture(scope="module")
def like_the_files(postgres_server):
    """The tables of the files, in Postgres."""
    database = postgres_server.new_database()
    with psycopg.connect(database.conninfo()) as session:
        session.execute("CREATE TABLE a (id bigint PRIMARY KEY, t text, n numeric, b bytea)")
        session.execute("CREATE TABLE k (code text PRIMARY KEY, at timestamp)")
    yield database
    postgres_server.drop_database(database)


@pytest.mark.parametrize("seed", seeds(500, WAYS, more=5 * WAYS))
def test_a_transfer_ends_with_a_code_of_its_guide(
    like_the_files, tmp_path, monkeypatch, capsys, seed
) -> None:
    path = tmp_path / "damaged.db"
    how = damaged(path, seed)
    monkeypatch.setenv("MIGRATE_DATABASE_URL", like_the_files.conninfo())
    # In three times as many seeds as there are ways of damage each meets each of these.
    way = (["--check"], ["--dry-run"], ["--truncate", "--archive-sqlite", "--workers", "1"])
    words = way[(seed + seed // WAYS) % len(way)]

    code = transfer(["--sqlite", str(path), *words, *ALLOWANCES])

    said = capsys.readouterr()
    assert code in codes("internal/SQLITE_TO_POSTGRES_TRANSFER.md"), f"{how}: {said.err}"
    assert "Traceback" not in said.err, f"{how}: {said.err}"
    assert code == 0 or said.out + said.err
    # Not the copy that is read.
    assert "tablecopy-" not in said.err


@pytest.mark.parametrize("whose", ["ours", "another's"])
@pytest.mark.parametrize("seed", seeds(0, 2 * WAYS, more=6 * WAYS))
def test_whoever_reads_a_file_ends_with_a_code_of_its_guide(
    demo_template, sqlite_template, tmp_path, capsys, seed, whose
) -> None:
    path = tmp_path / "damaged.db"
    if whose == "ours":
        shutil.copyfile(demo_template, path)
        how = damage(path, seed)
    else:
        how = damaged(path, seed)
    other = shutil.copyfile(sqlite_template, tmp_path / "other.db")
    ends = ["--local", f"sqlite:///{path}", "--remote", f"sqlite:///{other}"]

    ended = {
        ("internal/DB_MIGRATIONS.md", "check"): migrate(["--db", str(path), "--check"]),
        ("internal/DB_MIGRATIONS.md", "status"): migrate(["--db", str(path), "--status"]),
        ("internal/DB_MIGRATIONS.md", "dry run"): migrate(["--db", str(path), "--dry-run"]),
        ("internal/DB_MIGRATIONS.md", "rules"): manage(["check", "--db", str(path)]),
        ("DATABASE_SYNC_GUIDE.md", "sync"): sync(["status", "--verify", *ends]),
    }

    said = capsys.readouterr().err
    assert all(code in codes(guide) for (guide, _), code in ended.items()), f"{how}: {ended} {said}"
    assert "Traceback" not in said, f"{how}: {said}"
