"""The app's half of a drill: asked by a file, it looks at a server and answers by a file."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from backend.migrate import upgrade
from tests.fix_postgres import PostgresServer
from tests.polling import PATIENCE, wait_for
from tests.processes import children

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = ROOT / "docker/app/drill_check.py"


@pytest.fixture
def restored(own_postgres_server: PostgresServer) -> Iterator[PostgresServer]:
    """Give a server as a drill leaves it: the app's database on a socket, and who looks at it."""
    server = own_postgres_server
    server.execute("CREATE DATABASE hesap_paylas")
    upgrade(server.url.with_database("hesap_paylas"))
    # The scratch server of a drill trusts whoever reaches its socket; this one wants a password.
    environ = os.environ | {
        "PYTHONPATH": str(ROOT),
        "PGPORT": str(server.port),
        "PGPASSWORD": server.password,
    }
    looking = subprocess.Popen((sys.executable, SCRIPT, "serve", server.folder), env=environ)
    yield server
    looking.kill()
    looking.wait()


def ask(server: PostgresServer, token: str) -> dict[str, Any]:
    (server.folder / "request").write_text(f"{token}\n")
    wait_for(lambda: answer(server).get("token") == token, f"an answer to {token}")
    return answer(server)


def answer(server: PostgresServer) -> dict[str, Any]:
    path = server.folder / "answer.json"
    found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return found


@pytest.fixture
def slow_look(tmp_path: Path) -> Path:
    """Give the script as a look takes it that lasts until a file is there."""
    script = tmp_path / "drill_check.py"
    waits = (
        "    import time\n    while not (folder / 'go').exists(): time.sleep(0.05)\n    return []\n"
    )
    head, body = SCRIPT.read_text().split("def look(folder: Path) -> list[str]:\n")
    script.write_text(f"{head}def look(folder: Path) -> list[str]:\n{waits}{body}")
    return script


def test_who_is_stopped_in_a_look_answers_first(tmp_path: Path, slow_look: Path) -> None:
    looking = subprocess.Popen((sys.executable, slow_look, "serve", tmp_path))
    (tmp_path / "request").write_text("asked\n")
    wait_for(lambda: children(looking.pid), "the look to begin")

    looking.send_signal(signal.SIGTERM)
    (tmp_path / "go").touch()

    assert looking.wait(PATIENCE) == 0
    assert json.loads((tmp_path / "answer.json").read_text())["token"] == "asked"


def test_a_look_that_does_not_end_is_ended(tmp_path: Path, slow_look: Path) -> None:
    # Twenty seconds are kept for the answer.
    looking = subprocess.Popen((sys.executable, slow_look, "serve", tmp_path, "21"))
    try:
        (tmp_path / "request").write_text("asked\n")
        wait_for((tmp_path / "answer.json").exists, "an answer")
    finally:
        looking.kill()
        looking.wait()

    assert json.loads((tmp_path / "answer.json").read_text())["lines"] == [
        "no end after 1 s: see DRILL_CHECK_SECONDS"
    ]


def test_an_error_that_nobody_expected_is_named_without_what_it_says(
    tmp_path: Path, slow_look: Path
) -> None:
    """What a driver says may hold rows, and a record and a notification hold none."""
    said = "Key (email)=(ana@example.com)\nDETAIL: ana@example.com\n(Background: https://a.example)"
    broken = slow_look.read_text().replace("    return []\n", f"    raise LookupError({said!r})\n")
    slow_look.write_text(broken)
    (tmp_path / "go").touch()

    with (tmp_path / "log").open("wb") as log:
        looking = subprocess.Popen((sys.executable, slow_look, "serve", tmp_path), stderr=log)
    try:
        (tmp_path / "request").write_text("asked\n")
        wait_for((tmp_path / "answer.json").exists, "an answer")
    finally:
        looking.send_signal(signal.SIGTERM)
        looking.wait()

    lines = json.loads((tmp_path / "answer.json").read_text())["lines"]
    log_text = (tmp_path / "log").read_text()
    assert lines == ["LookupError: see the log of drill-check", "it ended with 1"]
    assert f'File "{slow_look}", line ' in log_text
    assert "ana@example.com" not in log_text


def test_who_is_stopped_between_two_looks_ends(tmp_path: Path) -> None:
    looking = subprocess.Popen((sys.executable, SCRIPT, "serve", tmp_path))
    (tmp_path / "request").write_text("asked\n")
    wait_for((tmp_path / "answer.json").exists, "it to serve")

    looking.send_signal(signal.SIGTERM)

    assert looking.wait(PATIENCE) == 0


def test_says_what_is_not_as_the_release_wants_it(restored: PostgresServer) -> None:
    good = ask(restored, "first")
    restored.execute(
        "INSERT INTO users (id, email, email_key, password_hash, display_name, status, version,"
        " created_at, updated_at) VALUES (gen_random_uuid(), 'ana@example.com', 'else', '!', 'Ana',"
        " 'active', 1, now(), now())",
        dbname="hesap_paylas",
    )
    broken = ask(restored, "second")
    restored.execute("UPDATE schema_state SET expand_level = 1", dbname="hesap_paylas")
    behind = ask(restored, "third")
    restored.stop()
    gone = ask(restored, "fourth")

    assert good == {"token": "first", "ok": True, "lines": []}
    assert broken["ok"] is False
    assert broken["lines"][0].startswith("broken: ")
    # What is answered is kept in records that lie in the open, and goes out to be notified of.
    assert "ana@example.com" not in str(broken["lines"])
    assert [line for line in broken["lines"] if line.startswith(" ")] == []
    assert behind["ok"] is False
    assert "not ready: the schema is behind" in behind["lines"][0]
    assert gone["ok"] is False
    assert gone["lines"][0].startswith("it could not look: Postgres refused the connection: ")
