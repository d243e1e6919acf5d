"""A program of Postgres is told the password by a file alone."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from backend.backup.postgres.client_login import client_login
from backend.config.database_url import DatabaseUrl

PARAMS = {"host": "db.example.com", "user": "bills", "dbname": "bills"}


def test_the_words_of_the_program_name_a_private_file() -> None:
    database = DatabaseUrl("postgres", params=PARAMS, password="a:b\\c d")

    with client_login(database) as words:
        said = conninfo_to_dict(words)
        file = Path(str(said["passfile"]))
        text, mode = file.read_text(encoding="utf-8"), stat.S_IMODE(file.stat().st_mode)

    assert {name: said[name] for name in PARAMS} == PARAMS
    assert "password" not in said
    assert (text, mode) == ("*:*:*:*:a\\:b\\\\c d\n", 0o600)
    assert not file.exists()


def test_a_program_notices_a_network_that_is_cut_as_our_own_sessions_do() -> None:
    database = DatabaseUrl("postgres", params={**PARAMS, "connect_timeout": "3"}, password="secret")

    with client_login(database) as words:
        said = conninfo_to_dict(words)

    assert said["connect_timeout"] == "3"
    assert (said["keepalives_idle"], said["tcp_user_timeout"]) == ("15", "60000")
    # It would decide what the archive is written in.
    assert "client_encoding" not in said


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the file has a name")
def test_a_killed_run_leaves_no_password(tmp_path: Path) -> None:
    """Nobody is left to remove a file that has a name."""
    script = (
        "import os; from backend.config.database_url import DatabaseUrl\n"
        "from backend.backup.postgres.client_login import client_login\n"
        "with client_login(DatabaseUrl('postgres', password='secret')): os.kill(os.getpid(), 9)"
    )

    command, environ = [sys.executable, "-c", script], {"TMPDIR": str(tmp_path)}
    killed = subprocess.run(command, check=False, env=environ)

    assert killed.returncode == -9
    assert list(tmp_path.iterdir()) == []


def test_a_login_without_a_password_needs_no_file() -> None:
    with client_login(DatabaseUrl("postgres", params=PARAMS)) as words:
        assert "passfile" not in conninfo_to_dict(words)


def test_a_password_in_a_file_is_read_as_it_is_now(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("first\n")
    database = DatabaseUrl("postgres", params=PARAMS, password_file=file)
    file.write_text("second\n")

    with client_login(database) as words:
        text = Path(str(conninfo_to_dict(words)["passfile"])).read_text(encoding="utf-8")

    assert text == "*:*:*:*:second\n"
