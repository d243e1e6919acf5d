"""What a database has that a manifest speaks of: tables with rows of their own, and sequences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from backend.backup.postgres.contents import SequenceState
from backend.db import sql
from backend.db.session import Session

# Schemas that are not the server's own, nor those of temporary tables.
_OF_PEOPLE = sql.statement(
    "n.nspname <> 'information_schema' AND NOT starts_with(n.nspname::text, 'pg_')"
)
# The primary key, else a unique one without NULL, gives the rows an order; of several the same one
# each time. Text is sorted by its bytes: the order of a language changes with the system's library.
_TABLES = sql.statement(
    """
    SELECT n.nspname, c.relname, c.relpersistence = 'p', coalesce((
        SELECT array(SELECT ARRAY[a.attname::text, (a.attcollation <> 0)::text]
            FROM unnest(i.indkey[0:i.indnkeyatts - 1]) WITH ORDINALITY k(attnum, place)
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum ORDER BY place)
        FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
        WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid
            AND i.indpred IS NULL AND i.indexprs IS NULL AND NOT EXISTS (
                SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum = ANY(i.indkey)
                AND NOT a.attnotnull)
        ORDER BY NOT i.indisprimary, x.relname COLLATE "C" LIMIT 1), '{{}}')
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND c.relpersistence IN ('p', 'u') AND {of_people}
    ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C" """,
    of_people=_OF_PEOPLE,
)
_VIEWS = sql.statement(
    """
    SELECT n.nspname, c.relname, CASE c.relkind WHEN 'f' THEN 'foreign table'
        WHEN 'v' THEN 'view' ELSE 'materialized view' END
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('f', 'v', 'm') AND {of_people} ORDER BY 1, 2""",
    of_people=_OF_PEOPLE,
)
_SEQUENCES = sql.statement(
    """
    SELECT n.nspname, c.relname, pg_sequence_last_value(c.oid), s.seqincrement, s.seqcycle
    FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid
        JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relpersistence = 'p' AND {of_people} ORDER BY 1, 2""",
    of_people=_OF_PEOPLE,
)


@dataclass(frozen=True)
class KeyColumn:
    """A column by which the rows of a table are put in order."""

    name: str
    is_text: bool


@dataclass(frozen=True)
class StoredTable:
    """A table with rows of its own: a partition, or one without its heirs' rows.

    One that is not `logged` is emptied by every recovery, and so by every restore.
    """

    schema: str
    name: str
    logged: bool
    key: tuple[KeyColumn, ...] = field(compare=False)

    def __str__(self) -> str:
        return qualified(self.schema, self.name)

    @property
    def sql_name(self) -> sql.SqlPart:
        """Return the name for a statement."""
        return sql.name(self.schema, self.name)


def stored_tables(session: Session) -> tuple[StoredTable, ...]:
    """Return all tables with rows of their own, in the order of their names."""
    rows = session.execute(_TABLES).fetchall()
    return tuple(
        StoredTable(schema, table, logged, tuple(KeyColumn(n, text == "true") for n, text in key))
        for schema, table, logged, key in rows
    )


def without_digest(session: Session, tables: Iterable[StoredTable]) -> Mapping[str, str]:
    """Return why no digest speaks of what looks like a table, by its name."""
    views = {qualified(*names): why for *names, why in session.execute(_VIEWS).fetchall()}
    return {**views, **{str(table): "unlogged" for table in tables if not table.logged}}


def sequence_states(session: Session) -> Mapping[str, SequenceState]:
    """Return what every sequence has given out last, by its name."""
    rows = session.execute(_SEQUENCES).fetchall()
    return {qualified(schema, n): SequenceState(*state) for schema, n, *state in rows}


def qualified(schema: str, table: str) -> str:
    """Return a name as SQL writes it, so that no two objects share one."""
    return f"{sql.quoted(schema)}.{sql.quoted(table)}"
