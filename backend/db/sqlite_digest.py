"""What a SQLite file holds, as digests: of each table, and of what describes them."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from backend.db.session import ResultRow
from backend.db.sql import Sql, chain, name, statement, text
from backend.db.sqlite_reader import APSWConnection, query

_SCHEMA = "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name"
_TABLES = "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 ORDER BY name"
_COLUMNS = "SELECT name FROM pragma_table_info(?) ORDER BY cid"


@dataclass(frozen=True)
class TableDigest:
    """How many rows a table has, and the digest of every value with its storage class."""

    rows: int
    digest: str


def read_schema(connection: APSWConnection) -> list[ResultRow]:
    """Return type, name, table and SQL of everything in the schema."""
    return list(query(connection, _SCHEMA))


def digest_tables(connection: APSWConnection) -> dict[str, TableDigest]:
    """Return the digest of every table by its name; of virtual tables, those that hold their rows.

    Rows are read in the order in which they lie in the file, which a copy of its pages keeps.
    """
    names = [str(table) for (table,) in query(connection, _TABLES)]
    return {table: _digest(connection, table) for table in names}


def _digest(connection: APSWConnection, table: str) -> TableDigest:
    columns = [str(column) for (column,) in query(connection, _COLUMNS, (table,))]
    digest, count = sha256(), 0
    for (row,) in query(connection, text(_rows(table, columns))):
        digest.update(str(row).encode() + b"\n")
        count += 1
    return TableDigest(count, digest.hexdigest())


def _rows(table: str, columns: list[str]) -> Sql:
    # hex() of the bytes keeps a NUL, and text that is not UTF-8; 17 digits keep every real.
    values = (
        statement(
            "substr(typeof({column}), 1, 1) || CASE typeof({column}) WHEN 'real'"
            " THEN printf('%!.17g', {column}) ELSE hex(CAST({column} AS BLOB)) END",
            column=name(column),
        )
        for column in columns
    )
    # Never through an index: all rows are read in the order of their pages.
    return statement("SELECT {} FROM {} NOT INDEXED", chain("|| ',' ||", values), name(table))
