"""SQLite files to back up."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

_SHOP = """
    PRAGMA journal_mode = WAL;
    CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT NOT NULL, price REAL, picture BLOB);
    CREATE TABLE sales (id INTEGER PRIMARY KEY, product INTEGER REFERENCES products (id), day TEXT);
    CREATE INDEX sales_by_day ON sales (day);
    CREATE VIEW cheap AS SELECT name FROM products WHERE price < 10;
    INSERT INTO products VALUES (1, 'Ayran', 12.5, x'00ff'), (2, 'Çay', 7.25, NULL);
    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 2000)
        INSERT INTO sales SELECT n, 1 + n % 2, date('2026-01-01', n || ' days') FROM numbers;
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Return somebody's file, in WAL mode, with 2,002 rows."""
    path = tmp_path / "shop.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(_SHOP)
    return path
