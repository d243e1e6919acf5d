"""SQLite files that are no longer what they were: one way of damage for each number."""

import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from random import Random

_HEADER_BYTES = 100
_PAGE = 512

# Whatever else a file may call things; SQLite takes them all.
NAMES = (
    "", " ", '"', "'", "a b", "select", "näme", "💶", "%s", "{}", "a\nb", "x" * 70, "A", "a",
    "rowid", "_rowid_", "oid", "ctid", "xmin", "tableoid", "t", "s", "tablecopy_s", "tablecopy_t",
)  # fmt: skip
TYPES = ("INTEGER", "TEXT", "", "BLOB", "REAL", "NUMERIC", "DATETIME", "foo(1,2)", "INT)")


def healthy(path: Path, random: Random) -> None:
    """Make a file with tables of several kinds, and an index, small pages, and several of them."""
    with closing(sqlite3.connect(path)) as file:
        file.execute(f"PRAGMA page_size = {_PAGE}")
        if random.random() < 0.3:
            file.execute("PRAGMA journal_mode = WAL").fetchall()
        file.execute("CREATE TABLE a (id INTEGER PRIMARY KEY AUTOINCREMENT, t TEXT, n NUMERIC, b)")
        file.execute("CREATE TABLE k (code TEXT PRIMARY KEY, at DATETIME) WITHOUT ROWID")
        file.execute("CREATE INDEX by_t ON a (t)")
        file.execute("CREATE VIEW v AS SELECT t FROM a")
        rows = [(None, f"text {n} " * 9, n / 4, bytes(n)) for n in range(60)]
        file.executemany("INSERT INTO a VALUES (?, ?, ?, ?)", rows)
        keys = [(f"k{n}", f"2026-01-{n % 28 + 1:02} 12:30:00") for n in range(60)]
        file.executemany("INSERT INTO k VALUES (?, ?)", keys)
        file.commit()


def damaged(path: Path, seed: int) -> str:
    """Make a file and damage it; return how."""
    healthy(path, Random(seed))
    return damage(path, seed)


def damage(path: Path, seed: int) -> str:
    """Damage a file; return how."""
    random = Random(seed)
    way = _WAYS[seed % len(_WAYS)]
    way(path, random)
    return way.__name__.strip("_")


def _in_header(path: Path, random: Random) -> None:
    _overwritten(path, random, range(_HEADER_BYTES), most=3)


def _in_pages(path: Path, random: Random) -> None:
    _overwritten(path, random, range(_HEADER_BYTES, path.stat().st_size), most=40)


def _at_starts_of_pages(path: Path, random: Random) -> None:
    size = _page_size(path)
    places = [n + offset for n in range(size, path.stat().st_size, size) for offset in range(12)]
    _overwritten(path, random, places, most=6)


def _truncated(path: Path, random: Random) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: random.randrange(len(data))])


def _a_page_is_another(path: Path, random: Random) -> None:
    data = bytearray(path.read_bytes())
    size = _page_size(path)
    pages = len(data) // size
    here, there = random.randrange(1, pages), random.randrange(pages)
    data[here * size : (here + 1) * size] = data[there * size : (there + 1) * size]
    path.write_bytes(data)


def _pages_of_nothing(path: Path, random: Random) -> None:
    data = bytearray(path.read_bytes())
    size = _page_size(path)
    for _ in range(random.randint(1, 3)):
        page = random.randrange(1, len(data) // size)
        data[page * size : (page + 1) * size] = bytes(size)
    path.write_bytes(data)


def _in_schema(path: Path, random: Random) -> None:
    column, value = random.choice(_SCHEMA)
    with closing(sqlite3.connect(path)) as file, suppress(sqlite3.Error):
        file.execute("PRAGMA writable_schema = ON")
        names = [name for (name,) in file.execute("SELECT name FROM sqlite_schema ORDER BY 1")]
        name = random.choice(names)
        file.execute(f"UPDATE sqlite_schema SET {column} = {value} WHERE name = ?", (name,))
        file.commit()


def _in_names(path: Path, random: Random) -> None:
    with closing(sqlite3.connect(path)) as file:
        for _ in range(5):
            names = random.sample(NAMES, 4)
            columns = ", ".join(f"{_quoted(n)} {random.choice(TYPES[:-1])}" for n in names[1:])
            with suppress(sqlite3.Error):
                file.execute(f"CREATE TABLE {_quoted(names[0])} ({columns})")
                file.execute(f"INSERT INTO {_quoted(names[0])} VALUES (1, 'x', NULL)")
        file.commit()


def _in_values(path: Path, random: Random) -> None:
    with closing(sqlite3.connect(path)) as file:
        for _ in range(5):
            value = random.choice(_VALUES)
            with suppress(sqlite3.Error):
                file.execute(f"UPDATE a SET {random.choice(('t', 'n', 'b'))} = {value}")
                file.execute(f"INSERT OR IGNORE INTO k VALUES ({value}, {random.choice(_VALUES)})")
        file.commit()


_SCHEMA = (
    ("sql", "'nonsense'"),
    ("sql", "NULL"),
    ("sql", "CAST(X'435245415445ff' AS TEXT)"),
    ("sql", "replace(sql, 'CREATE', 'CREATE ' || char(0))"),
    ("sql", "replace(sql, ' t ', ' ' || CAST(X'ff41' AS TEXT) || ' ')"),
    ("sql", "replace(sql, '(', '((')"),
    ("sql", "'CREATE VIRTUAL TABLE a USING nothing(x)'"),
    ("sql", "'CREATE TABLE a (id INTEGER PRIMARY KEY, g AS (nothing(id)))'"),
    ("sql", "'CREATE TABLE a (t COLLATE nothing PRIMARY KEY, n, b, c) WITHOUT ROWID'"),
    ("name", "'sqlite_a'"),
    ("name", "CAST(X'ff41' AS TEXT)"),
    ("name", "X'00'"),
    ("name", "''"),
    ("tbl_name", "'another'"),
    ("type", "'index'"),
    ("type", "'nothing'"),
    ("rootpage", "0"),
    ("rootpage", "1"),
    ("rootpage", "-7"),
    ("rootpage", "999999"),
    ("rootpage", "'x'"),
)
_VALUES = (
    "CAST(X'ff41' AS TEXT)", "char(0)", "'a' || char(0) || 'b'", "X''", "X'ff'", "9e999",
    "-9e999", "9223372036854775807", "-9223372036854775808", "0.1 + 0.2", "''", "NULL", "'NaN'",
    "'0000-00-00 00:00:00'", "'9999-99-99 99:99:99'", "'infinity'", "'now'", "zeroblob(9000)",
    "'{\"a\": 1e999}'", "replace(hex(zeroblob(600)), '00', '[')", "'\\u0000'",
)  # fmt: skip


def _overwritten(path: Path, random: Random, places: range | list[int], *, most: int) -> None:
    data = bytearray(path.read_bytes())
    for _ in range(random.randint(1, most)):
        place = random.choice(places)
        if place < len(data):
            data[place] = random.choice((0, 1, 255, random.randrange(256)))
    path.write_bytes(data)


def _page_size(path: Path) -> int:
    return int.from_bytes(path.read_bytes()[16:18], "big")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


_WAYS = (
    _in_header,
    _in_pages,
    _at_starts_of_pages,
    _truncated,
    _a_page_is_another,
    _pages_of_nothing,
    _in_schema,
    _in_names,
    _in_values,
)
