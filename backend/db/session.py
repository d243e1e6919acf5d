"""What tools hold while they talk to a database: types of the drivers, by names of ours."""

from __future__ import annotations

import sqlite3
from typing import Any

import psycopg

# Any: what a column holds, the query knows, and the driver does not.
ResultRow = tuple[Any, ...]
Session = psycopg.Connection[ResultRow]
Cursor = psycopg.Cursor[ResultRow]
# `raise Rollback(transaction)` leaves the block of `session.transaction()` and undoes it.
Rollback = psycopg.Rollback

SQLiteConnection = sqlite3.Connection
