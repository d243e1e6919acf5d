"""The command as people type it, on a file at home and a server elsewhere."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
import pytest

from backend.config.database_url import DatabaseUrl
from backend.db.locks import SYNC, advisory_lock, file_lock
from backend.sync.cli import main
from backend.sync.connections import postgres_at, sqlite_at
from backend.sync.replica.sqlite import SQLiteReplica
from tests.repo.checkout import ROOT

PASSWORD = "canary-of-a-password"
ADDRESS = "canary@example.com"
OTHER_ADDRESS = "canary.two@example.com"


@dataclass(frozen=True)
class RunReport:
    """How a command ended."""

    code: int
    out: str
    err: str


class Home:
    """Somebody with a file, a hosted database, and the command."""

    def __init__(self, file: Path, hosted: DatabaseUrl, capsys) -> None:
        self.file, self.hosted, self._capsys = file, hosted, capsys

    @property
    def log(self) -> str:
        path = self.file.parent / "sync.log"
        return path.read_text() if path.exists() else ""

    def __call__(self, *words: str, local: tuple[str, ...] = ()) -> RunReport:
        code = main([*words, *(local or ("--local", f"sqlite:///{self.file}"))])
        told = self._capsys.readouterr()
        return RunReport(code, told.out, told.err)

    def here(self, statement: str) -> list[tuple[object, ...]]:
        database = DatabaseUrl("sqlite", path=self.file)
        with sqlite_at(database, writing=True) as connection:
            return connection.execute(statement).fetchall()

    def there(self, statement: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self.hosted.conninfo(), autocommit=True) as session:
            cursor = session.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []


def user(number: int, address: str, name: str = "Ada") -> str:
    """Return what adds an account, on either engine."""
    moment = "'2026-11-25 09:00:00.000000'"
    return (
        "INSERT INTO users (id, email, email_key, display_name, password_hash, status, created_at,"
        f" updated_at, version) VALUES ('{number:032x}', '{address}', '{address}', '{name}',"
        f" 'hash', 'active', {moment}, {moment}, 1)"
    )


def renamed(number: int, name: str) -> str:
    return f"UPDATE users SET display_name = '{name}' WHERE id = '{number:032x}'"


@pytest.fixture
def hosted(postgres_server, postgres_template) -> Iterator[DatabaseUrl]:
    """A hosted database, with a login whose password must never be seen."""
    database = postgres_server.new_database(postgres_template)
    name = f"owner_{database.params['dbname']}"
    postgres_server.execute(f"CREATE ROLE {name} LOGIN SUPERUSER PASSWORD '{PASSWORD}'")
    yield database.with_login(name, PASSWORD)
    postgres_server.drop_database(database)
    postgres_server.execute(f"DROP ROLE {name}")


@pytest.fixture
def home(sqlite_template, hosted, tmp_path, monkeypatch, capsys) -> Home:
    file = tmp_path / "home" / "mine.db"
    file.parent.mkdir()
    shutil.copyfile(sqlite_template, file)
    where = hosted.params
    url = (
        f"postgresql://{where['user']}:{PASSWORD}@{where['host']}:{where['port']}/{where['dbname']}"
    )
    monkeypatch.setenv("RENDER_DATABASE_URL", url)
    return Home(file, hosted, capsys)


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


def kept(home: Home) -> list[Path]:
    return sorted((home.file.parent / "sync-backups").glob("*"))


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


def test_a_log_lies_beside_the_file(home) -> None:
    home.here(user(1, "ada@example.com"))

    home("local2render")

    assert "INFO connect begins" in home.log
    assert "INFO table table=users inserted=1" in home.log
    assert "INFO run finished direction=local2render written=1" in home.log


def test_an_error_that_nobody_expected_is_in_the_log_without_what_it_quotes(home) -> None:
    home.here(user(1, "ada@example.com"))
    home("local2render")
    home.here(renamed(1, "Another"))
    home.here("UPDATE tablecopy_changes SET root = '[\"canary'")

    ran = home("local2render")

    assert ran.code == 1
    assert "the run ended in an unexpected JSONDecodeError" in home.log
    assert "sqlite_log.py" in home.log
    assert "canary" not in home.log


def test_without_a_hosted_database_it_says_how_to_name_one(home, monkeypatch) -> None:
    monkeypatch.delenv("RENDER_DATABASE_URL")

    ran = home("status")

    assert ran.code == 78
    assert ran.err.startswith("error: RENDER_DATABASE_URL not found\nhint:  check: grep")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["render2local", "--mirror", "--deletes"], 2),
        (["local2render", "--max-deletes", "many", "--deletes"], 2),
        (["local2render", "--mirror"], 2),
        (["local2render", "--on-conflict", "mine"], 2),
        (["status", "--remote", "mysql://x/y"], 78),
        (["status", "--remote", "postgresql://me@db.example.com/x?sslmode=disable"], 77),
    ],
)
def test_what_is_not_accepted_has_its_exit_code(home, words, code) -> None:
    assert home(*words).code == code


def test_a_file_that_is_not_there_is_said_to_be_missing(home) -> None:
    home.file.unlink()

    ran = home("status")

    assert ran.code == 78
    assert f"there is no SQLite file at {home.file}" in ran.err


def test_one_database_is_not_two(home) -> None:
    link = home.file.with_name("link.db")
    link.symlink_to(home.file)

    ran = home("local2render", "--remote", f"sqlite:///{link}")

    assert ran.code == 77
    assert "are the same database" in ran.err


def test_while_somebody_syncs_nobody_else_does(home, hosted) -> None:
    with file_lock(DatabaseUrl("sqlite", path=home.file), SYNC):
        by_file = home("local2render")
    with ExitStack() as stack:
        session = stack.enter_context(postgres_at(hosted, name="--remote", writing=True))
        stack.enter_context(advisory_lock(session, hosted, SYNC))
        by_server, inspect = home("local2render"), home("status")

    assert (by_file.code, by_server.code, inspect.code) == (75, 75, 0)
    assert "is syncing" in by_file.err
    assert "process" in by_server.err


def test_neither_password_nor_address_is_told_where_it_does_not_belong(home, monkeypatch) -> None:
    home.here(user(1, ADDRESS))
    ran = [home("local2render"), home("status", "--verify"), home("render2local", "--json")]
    home.here(f"UPDATE users SET email = '{OTHER_ADDRESS}', email_key = '{OTHER_ADDRESS}'")
    home.there(renamed(1, "Ada elsewhere"))
    ran += [
        home("local2render", "--dry-run"),
        home("local2render"),
        home("status"),
        home("render2local", "--on-conflict", "remote"),
        home("render2local", "--mirror"),
        home("local2render", "--start-over"),
    ]
    wrong = replace(home.hosted, password=f"{PASSWORD}-and-more")
    monkeypatch.setenv("RENDER_DATABASE_URL", wrong.conninfo())
    ran.append(home("local2render"))
    home.file.write_text("no database at all, and long enough to be one")
    ran.append(home("local2render"))

    assert [one.code for one in ran[-2:]] == [69, 69]
    assert {one.code for one in ran[:-2]} <= {0, 3}
    everything = home.log + "".join(one.out + one.err for one in ran)
    logged = home.log + "".join(one.err for one in ran)
    assert PASSWORD not in everything
    assert "canary" not in logged
    assert "run finished" in home.log
    assert "the run failed" in home.log


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
