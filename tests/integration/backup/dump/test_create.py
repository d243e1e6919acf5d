"""A dump is one moment of the database, encrypted, whole or not there."""

from __future__ import annotations

import json
import stat
import subprocess
import threading
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from backend.errors import DatabaseError, RefusedError
from tests.integration.backup.dump.bills import Bills
from tests.polling import wait_for


def test_what_is_dumped_comes_back_exactly(bills: Bills) -> None:
    made = bills.create()
    drill = bills.drill()

    assert (drill.backup, drill.differences) == (made.name, [])
    assert (drill.facts["tables"], drill.facts["rows"]) == (3, 3002)
    assert [one.proven_at for one in bills.backups.list_backups().backups] == [bills.now]


def test_a_dump_under_writers_is_one_moment(bills: Bills) -> None:
    """Each writer moves cents from one order to another: in every moment the sum is the same."""
    bills.execute("UPDATE orders SET cents = 100")
    end, moved = threading.Event(), [0]

    def move() -> None:
        with closing(psycopg.connect(bills.settings.database.conninfo())) as session:
            while not end.is_set():
                with session.transaction():
                    session.execute("UPDATE orders SET cents = cents - 1 WHERE id = 1")
                    session.execute("UPDATE orders SET cents = cents + 1 WHERE id = 2")
                moved[0] += 1

    thread = threading.Thread(target=move)
    thread.start()
    try:
        wait_for(lambda: moved[0] > 20, "the writer to be at work")
        bills.create()
        then = moved[0]
        wait_for(lambda: moved[0] > then + 20, "the writer to have gone on")
    finally:
        end.set()
        thread.join()

    assert bills.drill().differences == []


def test_debians_age_and_pg_restore_read_it_without_us(bills: Bills) -> None:
    made = bills.create()
    repository = bills.repository
    listing = (
        f"age --decrypt -i {repository.key_path} {repository.archive(made.name)}"
        " | pg_restore --data-only --file=-"
    )

    environ = {"PATH": f"{bills.settings.search_path}"}
    shown = subprocess.run(
        ["sh", "-c", listing], check=True, capture_output=True, text=True, env=environ
    ).stdout

    assert "3000\t9000000\tÇay 3000" in shown


def test_neither_rows_nor_the_password_are_in_the_clear(bills: Bills) -> None:
    bills.create()
    password = bills.settings.database.password

    files = [path for path in bills.repository.root.rglob("*") if path.is_file()]
    seen = b"".join(path.read_bytes() for path in files)

    assert b"orders" not in seen
    assert "Çay".encode() not in seen
    assert password.encode() not in seen
    assert json.dumps(password).encode() not in seen
    assert {stat.S_IMODE(path.stat().st_mode) for path in bills.repository.root.glob("*.age")} == {
        0o640
    }
    assert stat.S_IMODE(bills.repository.key_path.stat().st_mode) == 0o600


def test_the_password_is_in_no_process_and_no_environment(bills: Bills) -> None:
    """A dump that waits for its pipe is looked at while it waits."""
    bills.execute(
        "INSERT INTO other.notes SELECT repeat(md5(n::text), 3000) FROM generate_series(1, 300) n"
    )
    seen: list[str] = []
    end = threading.Event()

    def look() -> None:
        while not end.is_set():
            seen.extend(_told_by(path) for path in Path("/proc").glob("[0-9]*"))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        bills.create()
    finally:
        end.set()
        thread.join()
    dumps = [words for words in seen if words.startswith("pg_dump")]

    assert dumps
    assert [words for words in dumps if bills.settings.database.password in words] == []
    assert any("passfile=" in words for words in dumps)


def _told_by(process: Path) -> str:
    try:
        parts = [(process / name).read_bytes() for name in ("cmdline", "environ")]
    except OSError:
        return ""
    return b"\0".join(parts).replace(b"\0", b" ").decode(errors="replace")


def test_a_login_that_may_not_read_everything_makes_no_dump(bills: Bills) -> None:
    bills.execute("CREATE TABLE secret (id int)", "INSERT INTO secret VALUES (1)")

    with pytest.raises(DatabaseError, match="permission denied for table secret"):
        bills.create()

    assert bills.repository.names() == []
    assert bills.repository.incomplete() == []


def test_a_server_newer_than_pg_dump_is_refused(
    bills_on, postgres_server, older_postgres_server
) -> None:
    bills = bills_on(postgres_server, older_postgres_server)

    with pytest.raises(RefusedError, match="PostgreSQL 18, newer than pg_dump here, which is 16"):
        bills.create()

    assert bills.repository.names() == []


def test_a_server_older_than_ours_is_dumped_and_proved(
    bills_on, postgres_server, older_postgres_server
) -> None:
    bills = bills_on(older_postgres_server, postgres_server)

    bills.create()

    assert bills.drill().differences == []


def test_a_disk_that_is_full_leaves_no_half_of_a_dump(bills: Bills, monkeypatch) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("backend.backup.archive_digest.DigestingFile.write", full)

    with pytest.raises(OSError, match="No space left"):
        bills.create()

    assert sorted(path.name for path in bills.repository.root.iterdir()) == ["lock", "recipient"]


def test_whoever_lost_the_key_is_not_given_another_one(bills: Bills) -> None:
    bills.create()
    bills.repository.key_path.unlink()

    with pytest.raises(Exception, match="dump_key cannot be read"):
        bills.create()

    assert len(bills.repository.names()) == 1
