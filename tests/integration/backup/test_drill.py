"""A drill is green for a backup that comes back exactly, and names whatever does not."""

import gzip
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from backend.backup import keys
from backend.backup.archive_folder import DRILL
from backend.backup.sqlite.archive_file import write_archive
from backend.backup.sqlite.sqlite_backups import SQLiteBackups
from backend.cli.progress import Lines
from backend.config.database_url import DatabaseUrl
from backend.demo.config import DemoConfig
from backend.demo.writer import fill
from backend.errors import ConfigError, DataError
from tests.integration.backup.shop import Command, Shop, killed


def flip(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(bytes(data))


def truncate(path: Path, length: int) -> None:
    path.write_bytes(path.read_bytes()[:length])


def test_a_backup_comes_back_exactly(shop: Shop) -> None:
    made = shop.create()

    result = shop.backups.drill(None, Lines())

    assert result.lines()[:3] == [f"{made.name} came back exactly", "tables: 2", "rows: 2002"]
    assert [one.fields["clean"] for one in shop.repository.events.read(DRILL)] == [True]
    assert shop.backups.list_backups().backups[0].proven_at == result.at
    assert shop.left_over() == []


def test_what_people_write_afterwards_makes_no_difference(shop: Shop) -> None:
    shop.create()
    shop.execute("DELETE FROM sales")

    assert shop.backups.drill(None, Lines()).is_clean


@pytest.mark.parametrize(
    ("script", "difference"),
    [
        pytest.param(
            "UPDATE products SET price = 12.51 WHERE id = 1",
            "table products has 2 rows as expected, but not the same values",
            id="one changed cent",
        ),
        pytest.param(
            "DELETE FROM sales WHERE id = 7",
            "table sales has 1,999 rows, expected 2,000",
            id="one lost row",
        ),
        pytest.param("DROP INDEX sales_by_day", "the schema differs: sales_by_day", id="an index"),
        pytest.param(
            "UPDATE sales SET product = 9 WHERE id = 1",
            "1 rows break a foreign key, expected 0",
            id="a reference",
        ),
        pytest.param(
            "UPDATE products SET name = CAST(name AS BLOB) WHERE id = 1",
            "table products has 2 rows as expected, but not the same values",
            id="a storage class",
        ),
    ],
)
def test_a_difference_is_named(shop: Shop, script: str, difference: str) -> None:
    made = shop.create()
    shop.forge(made.name, script)

    result = shop.backups.drill(None, Lines())

    assert difference in result.differences
    assert shop.backups.list_backups().backups[0].proven_at is None


@pytest.mark.parametrize("half", ["archive", "manifest"])
@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda path: flip(path, -100), id="a flipped byte"),
        pytest.param(lambda path: truncate(path, path.stat().st_size // 2), id="half of it"),
        pytest.param(lambda path: truncate(path, path.stat().st_size - 1), id="all but a byte"),
        pytest.param(lambda path: truncate(path, 0), id="an empty file"),
        pytest.param(lambda path: path.write_bytes(bytes(9_000)), id="zeros"),
    ],
)
def test_damage_is_named(shop: Shop, damage: Callable[[Path], None], half: str) -> None:
    made = shop.create()
    damage(getattr(shop.repository, half)(made.name))

    drilled = shop.backups.drill(None, Lines())
    verified = shop.backups.verify(Lines())

    assert [made.name in one and "is damaged" in one for one in drilled.differences] == [True]
    assert [made.name in one for one in verified.findings] == [True]


def test_the_wrong_key_is_a_difference_that_names_the_backup(shop: Shop) -> None:
    made = shop.create()
    shop.repository.key_path.unlink()
    keys.save(shop.repository.key_path, keys.generate())

    result = shop.backups.drill(None, Lines())

    assert result.differences[0].startswith(
        f"the manifest of {made.name} cannot be opened with this key"
    )


def test_swapped_manifests_are_named(shop: Shop) -> None:
    first = shop.create()
    shop.execute("DELETE FROM sales WHERE id = 1")
    second = shop.create()
    one, other = shop.repository.manifest(first.name), shop.repository.manifest(second.name)
    kept = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(kept)

    result = shop.backups.drill(None, Lines())

    assert result.differences[0].startswith(
        f"beside {second.name} lies the manifest of {first.name}"
    )


def test_swapped_archives_are_named(shop: Shop) -> None:
    first = shop.create()
    shop.execute("INSERT INTO products (name) VALUES ('Künefe')")
    second = shop.create()
    shutil.copyfile(shop.repository.archive(first.name), shop.repository.archive(second.name))

    result = shop.backups.drill(None, Lines())

    assert "table products has 2 rows, expected 3" in result.differences


def test_an_archive_of_more_than_its_manifest_says_fills_no_disk(shop: Shop) -> None:
    made = shop.create()
    shop.forge(made.name, "UPDATE products SET picture = zeroblob(10000000)")

    result = shop.backups.drill(None, Lines())

    assert "holds more than its manifest says" in result.differences[0]


def test_an_archive_of_something_else_is_named(shop: Shop) -> None:
    """It has the right length and the right key, and is no database."""
    made, key = shop.create(), shop.repository.key()
    plain = shop.path.with_name("plain")
    length = shop.repository.read_manifest(made.name, key).contents.bytes
    plain.write_bytes(b"simit" * (length // 5) + b"x" * (length % 5))
    with shop.repository.archive(made.name).open("wb") as file:
        write_archive(plain, file, key.recipient)

    result = shop.backups.drill(None, Lines())

    assert "is not a SQLite database" in result.differences[0]


def test_an_empty_folder_is_no_success(shop: Shop) -> None:
    with pytest.raises(DataError, match="there is no backup in"):
        shop.backups.drill(None, Lines())


def test_a_missing_key_is_said(shop: Shop) -> None:
    shop.create()
    shop.repository.key_path.unlink()

    with pytest.raises(ConfigError, match=r"the key .* cannot be read"):
        shop.backups.drill(None, Lines())


def test_a_failed_drill_ends_in_3_and_stands_in_the_status(shop: Shop, command: Command) -> None:
    made = shop.create()
    shop.forge(made.name, "UPDATE products SET price = 0")

    done = command("drill")
    status = command("status")

    assert done.returncode == 3
    assert f"{made.name} DID NOT COME BACK AS IT WAS" in done.stdout
    assert status.returncode == 0
    assert f"FAILED for {made.name}: table products has 2 rows as expected" in status.stdout


def test_the_apps_own_file_has_to_keep_its_rules(sqlite: DatabaseUrl) -> None:
    fill(sqlite, DemoConfig(users=5, orders=10, seed=1), add=False)
    assert sqlite.path
    backups = SQLiteBackups(sqlite.path, None)
    backups.create(None, Lines())

    good = backups.drill(None, Lines())
    with closing(sqlite3.connect(sqlite.path)) as connection, connection:
        connection.execute("UPDATE order_payers SET amount = amount + 1")
    backups.create(None, Lines())
    bad = backups.drill(None, Lines())

    assert good.differences == ()
    assert {one[:16] for one in bad.differences} == {"a rule is broken"}


@pytest.mark.parametrize("moment", ["before decrypt", "after decrypt"])
def test_a_kill_leaves_nothing_of_what_was_decrypted(shop: Shop, moment: str) -> None:
    made = shop.create()

    dead = killed(shop.path, moment, "drill")
    result = shop.backups.drill(None, Lines())

    assert dead.returncode == -9, dead.stderr
    assert (result.backup, result.is_clean) == (made.name, True)
    assert shop.left_over() == []


@pytest.mark.age
def test_debians_age_and_gunzip_read_an_archive_without_us(shop: Shop, tmp_path: Path) -> None:
    made = shop.create()

    done = subprocess.run(
        ["age", "--decrypt", "-i", shop.repository.key_path, shop.repository.archive(made.name)],
        check=True,
        capture_output=True,
    )
    (tmp_path / "plain.db").write_bytes(gzip.decompress(done.stdout))

    assert shop.query("SELECT count(*) FROM sales", tmp_path / "plain.db") == [(2000,)]
