"""What one copy of a database holds, exactly: its bytes, its schema, every row of every table."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from backend.db.sqlite_digest import TableDigest, digest_tables, read_schema
from backend.db.sqlite_reader import APSWConnection, ReadOnlyFile, file_errors, query

_MOST_NAMES = 10


@dataclass(frozen=True)
class SQLiteContents:
    """What a copy holds; two copies are the same if these are equal."""

    bytes: int
    sha256: str
    schema: tuple[tuple[str | None, ...], ...]
    tables: Mapping[str, TableDigest]
    broken_references: int

    @property
    def rows(self) -> int:
        """Count the rows of all tables."""
        return sum(table.rows for table in self.tables.values())

    def differences(self, found: SQLiteContents) -> Iterator[str]:
        """Name what is not in `found` as it is here."""
        if found.schema != self.schema:
            yield f"the schema differs: {_names(self.schema, found.schema)}"
        for name in sorted({*self.tables, *found.tables}):
            yield from _table_differences(name, self.tables.get(name), found.tables.get(name))
        if found.broken_references != self.broken_references:
            yield (
                f"{found.broken_references} rows break a foreign key,"
                f" expected {self.broken_references}"
            )
        if (found.bytes, found.sha256) != (self.bytes, self.sha256):
            yield f"the file has {found.bytes:,} bytes and is not the one of {self.bytes:,} bytes"

    def as_dict(self) -> dict[str, Any]:  # what json.dumps takes
        """Return it for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> SQLiteContents:  # as json.loads returns it
        """Read what `as_dict` returned."""
        return cls(
            bytes=fields["bytes"],
            sha256=fields["sha256"],
            schema=tuple(tuple(entry) for entry in fields["schema"]),
            tables={name: TableDigest(**one) for name, one in fields["tables"].items()},
            broken_references=fields["broken_references"],
        )


def read_contents(copy: Path) -> SQLiteContents:
    """Read every row of a copy that nobody else has open."""
    # One after the other: closing a file takes away the locks that SQLite has on it.
    with copy.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    with file_errors(copy), closing(ReadOnlyFile(copy)) as connection:
        return SQLiteContents(
            bytes=copy.stat().st_size,
            sha256=digest,
            schema=tuple(tuple(entry) for entry in read_schema(connection)),
            tables=digest_tables(connection),
            broken_references=_broken_references(connection),
        )


def find_damage(copy: Path) -> list[str]:
    """Return what SQLite's own check finds wrong with a copy; nothing if it is sound."""
    with file_errors(copy), closing(ReadOnlyFile(copy)) as connection:
        found = query(connection, "PRAGMA integrity_check(10)")
        return [str(line) for (line,) in found if line != "ok"]


def _broken_references(connection: APSWConnection) -> int:
    ((count,),) = query(connection, "SELECT count(*) FROM pragma_foreign_key_check")
    return int(count)


def _table_differences(
    name: str, expected: TableDigest | None, found: TableDigest | None
) -> Iterator[str]:
    if expected is None or found is None:
        yield f"table {name} {'is not there' if found is None else 'was not there'}"
    elif found.rows != expected.rows:
        yield f"table {name} has {found.rows:,} rows, expected {expected.rows:,}"
    elif found.digest != expected.digest:
        yield f"table {name} has {found.rows:,} rows as expected, but not the same values"


def _names(expected: tuple[Any, ...], found: tuple[Any, ...]) -> str:
    differing = {str(entry[1]) for entry in set(expected) ^ set(found)}
    return ", ".join(sorted(differing)[:_MOST_NAMES])
