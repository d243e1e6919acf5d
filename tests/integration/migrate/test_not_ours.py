"""What somebody else made is never touched: exit 77, what was found, what to do."""

import hashlib
from pathlib import Path

import pytest

from tests.integration.migrate.conftest import SHIPPED
from tests.integration.migrate.structure import execute, structure

MVP = (
    "CREATE TABLE users (id INTEGER PRIMARY KEY, email VARCHAR(120) NOT NULL UNIQUE)",
    "CREATE TABLE groups (id INTEGER PRIMARY KEY, name VARCHAR(100) NOT NULL, code VARCHAR(10))",
    "CREATE TABLE group_members (group_id INTEGER, user_id INTEGER)",
    "CREATE TABLE orders (id INTEGER PRIMARY KEY, restaurant VARCHAR(100), total_amount FLOAT)",
    "CREATE TABLE order_items (id INTEGER PRIMARY KEY, order_id INTEGER, price FLOAT)",
    "CREATE TABLE member_bills (id INTEGER PRIMARY KEY, order_id INTEGER, amount FLOAT)",
    "INSERT INTO orders VALUES (1, 'Lokanta', 100.1)",
)
OTHER = ("CREATE TABLE invoices (id INTEGER PRIMARY KEY)", "INSERT INTO invoices VALUES (7)")
OTHER_WITH_ALEMBIC = (
    *OTHER,
    "CREATE TABLE alembic_version (version_num VARCHAR(32) PRIMARY KEY)",
    "INSERT INTO alembic_version VALUES ('9f3c2ab1d4e5')",
)
CREATED_BY_HAND = ("CREATE TABLE schema_state (id INTEGER PRIMARY KEY, expand_level INTEGER)",)
QUESTIONS = [(), ("--dry-run",), ("--status",), ("--check",), ("--phase", "contract")]


def fingerprint(path: Path):
    """Return all that touching the file or its folder could change."""
    found = path.stat()
    content = hashlib.sha256(path.read_bytes()).hexdigest()
    return content, found.st_mtime_ns, sorted(entry.name for entry in path.parent.iterdir())


@pytest.mark.parametrize("words", QUESTIONS, ids=lambda words: " ".join(words) or "migrate")
@pytest.mark.parametrize("journal", ["DELETE", "WAL"])
def test_the_first_apps_file_stays_byte_for_byte(sqlite, migrate, words, journal) -> None:
    execute(sqlite, f"PRAGMA journal_mode = {journal}", *MVP)
    before = fingerprint(sqlite.path)

    ran = migrate(sqlite, *words)

    assert ran.code == 77
    assert "database of the first Hesap Paylaş" in ran.err
    assert "integer ids, amounts as floats" in ran.err
    assert f"mv '{sqlite.path}' '{sqlite.path}.old'" in ran.err
    assert fingerprint(sqlite.path) == before


@pytest.mark.parametrize(
    "statements", [MVP, OTHER, OTHER_WITH_ALEMBIC, CREATED_BY_HAND], ids=["mvp", "a", "b", "c"]
)
def test_a_database_with_other_tables_is_refused(database_url, migrate, statements) -> None:
    execute(database_url, *statements)
    before = structure(database_url)

    ran = migrate(database_url)

    assert ran.code == 77
    assert statements[0].split()[2] in ran.err
    assert "nothing was touched" in ran.err
    assert structure(database_url) == before


def test_a_file_that_is_no_database_is_refused(sqlite, migrate) -> None:
    sqlite.path.parent.mkdir()
    sqlite.path.write_bytes(b"%PDF-1.7 a bill")
    before = fingerprint(sqlite.path)

    ran = migrate(sqlite)

    assert ran.code == 77
    assert "is not a SQLite database: it begins with b'%PDF-1.7'" in ran.err
    assert fingerprint(sqlite.path) == before


def test_an_empty_file_is_an_empty_database(sqlite, migrate) -> None:
    sqlite.path.parent.mkdir()
    sqlite.path.touch()

    assert migrate(sqlite).code == 0


def test_what_a_killed_first_run_leaves_is_ours(database_url, migrate) -> None:
    execute(database_url, "CREATE TABLE alembic_version (version_num VARCHAR(32) PRIMARY KEY)")

    assert migrate(database_url).code == 0


def test_records_that_disagree_are_not_trusted(database_url, migrate) -> None:
    migrate(database_url)
    execute(database_url, "UPDATE schema_state SET expand_level = 9")

    ran = migrate(database_url)

    assert ran.code == 77
    assert f"expand {SHIPPED}, contract 0, its schema_state says expand 9, contract 0" in ran.err
