"""A small shop with every kind of key, on both engines, and rows for it."""

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.seeds import seeded

TABLES = ["customer", "Group", "item", "tag", "tagged"]

SQLITE = """
    CREATE TABLE customer (id INTEGER PRIMARY KEY AUTOINCREMENT, email TEXT, name TEXT, friend INTEGER, since TEXT);
    CREATE TABLE "Group" (code TEXT PRIMARY KEY, "order" INTEGER, price INTEGER) WITHOUT ROWID;
    CREATE TABLE item (customer INTEGER, line INTEGER, "group" TEXT, note TEXT, paid BOOLEAN, PRIMARY KEY (customer, line));
    CREATE TABLE tag (id TEXT PRIMARY KEY, body TEXT);
    CREATE TABLE tagged (customer INTEGER, tag TEXT);
"""
POSTGRES = """
    CREATE TABLE customer (id bigserial PRIMARY KEY, email text NOT NULL UNIQUE, name varchar(40), friend bigint REFERENCES customer, since text NOT NULL);
    CREATE TABLE "Group" (code text COLLATE "C" PRIMARY KEY, "order" integer CHECK ("order" >= 0), price smallint);
    CREATE TABLE item (customer bigint REFERENCES customer ON DELETE CASCADE, line integer, "group" text COLLATE "C" REFERENCES "Group", note text, paid boolean NOT NULL, PRIMARY KEY (customer, line));
    CREATE INDEX item_unpaid ON item (customer) WHERE NOT paid;
    CREATE TABLE tag (id text COLLATE "C" PRIMARY KEY, body text);
    CREATE TABLE tagged (customer bigint REFERENCES customer, tag text COLLATE "C" REFERENCES tag);
    CREATE INDEX ON tagged (tag);
"""
ODD = ["", "a,b", 'say "x"', "two\nlines", "\\N", "çığ 🍕", "tab\there", None, "\r\n", "\\."]


def fill(path: Path, *, customers: int = 2000) -> None:
    """Make the file."""
    chance = seeded("shop")
    groups = [f"g{n:03}" for n in range(50)]
    tags = [f"{chance.getrandbits(128):032x}" for _ in range(customers // 4)]
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(SQLITE)
        insert = connection.executemany
        insert(
            "INSERT INTO customer VALUES (?, ?, ?, ?, ?)",
            ((n, f"c{n}@x", chance.choice(ODD), chance.randint(1, customers), f"2026-01-{n % 28 + 1:02} 10:00:00.{n:06}")
             for n in range(1, customers + 1)),
        )  # fmt: skip
        insert(
            'INSERT INTO "Group" VALUES (?, ?, ?)',
            ((g, n, chance.randint(-9, 9)) for n, g in enumerate(groups)),
        )
        insert(
            "INSERT INTO item VALUES (?, ?, ?, ?, ?)",
            ((n, line, chance.choice(groups), chance.choice(ODD), line % 2)
             for n in range(1, customers + 1) for line in range(5)),
        )  # fmt: skip
        insert("INSERT INTO tag VALUES (?, ?)", ((t, chance.choice(ODD)) for t in tags))
        insert(
            "INSERT INTO tagged VALUES (?, ?)",
            ((n, chance.choice(tags)) for n in range(1, customers) for _ in "xx"),
        )
