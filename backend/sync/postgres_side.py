"""A Postgres as one side of a sync."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import md5
from typing import Any

import psycopg
from psycopg import sql

from backend.config.database_url import EngineName
from backend.sync.postgres_capture import TABLES, TRIGGER, bodies, key_text, statements
from backend.sync.postgres_values import arrays, listed, names, of, read, unnested, written
from backend.sync.shape import Key
from backend.sync.side import Entry, Glance, Memory
from backend.sync.tables import Kind, Reference, Row, SyncedColumn, SyncedTable, SyncedTables

_FETCH = 5_000

_KNOWN = """
    SELECT current_schema(), to_regclass('alembic_version') IS NOT NULL,
        to_regclass('tablecopy_sync') IS NOT NULL,
        ARRAY(SELECT name FROM unnest(%s::text[]) AS n(name)
            WHERE to_regclass(quote_ident(name)) IS NOT NULL)"""
_REVISIONS = "SELECT string_agg(version_num, ', ' ORDER BY version_num) FROM alembic_version"
_MEMORY = "SELECT token, previous, synced_at, tables, emptied FROM tablecopy_sync"
_TOUCHED = "SELECT array_agg(DISTINCT tbl) FROM tablecopy_changes"
# A table that was replaced by another one of the same name has another number.
_TABLES = """
    SELECT coalesce(json_object_agg(name, to_regclass(quote_ident(name))::oid)::text, '{{}}')
    FROM unnest(%s::text[]) AS n(name)"""
_CAPTURED = """
    SELECT p.proname, md5(p.prosrc) FROM pg_trigger AS t JOIN pg_proc AS p ON p.oid = t.tgfoid
        JOIN unnest(%s::text[]) AS n(name) ON t.tgrelid = to_regclass(quote_ident(name))
    WHERE t.tgname = %s AND t.tgenabled IN ('O', 'A')"""
_HANGING_ON = """
    SELECT conrelid::regclass::text, a.attname FROM pg_constraint
        JOIN LATERAL unnest(conkey, confkey) AS k(own, referred) ON true
        JOIN pg_attribute AS a ON a.attrelid = conrelid AND a.attnum = k.own
        JOIN pg_attribute AS r ON r.attrelid = confrelid AND r.attnum = k.referred
    WHERE contype = 'f' AND confrelid = quote_ident(%s)::regclass AND r.attname = %s"""


class PostgresSide:
    """A database, through a connection that begins its transactions only when told to."""

    def __init__(self, connection: psycopg.Connection[Any], where: str) -> None:
        self.connection = connection
        self._where = where
        self._rehearsal = False
        self._cursors = 0

    @property
    def engine(self) -> EngineName:
        """Tell how it speaks SQL."""
        return "postgres"

    @property
    def where(self) -> str:
        """Name the database, without its password."""
        return self._where

    def glance(self, tables: SyncedTables) -> Glance:
        """Look at everything in two round trips: what is there, then what it holds."""
        names_wanted = list(tables.names)
        found = self._all(_KNOWN, [names_wanted])
        ((schema, has_schema, has_memory, held),) = found
        with self.connection.pipeline():
            revisions = self.connection.execute(_REVISIONS) if has_schema else None
            memory = self.connection.execute(_MEMORY) if has_memory else None
            touched = self.connection.execute(_TOUCHED) if has_memory else None
            captured = self.connection.execute(_CAPTURED, [names_wanted, TRIGGER])
            numbers = self.connection.execute(_TABLES, [names_wanted])
            counts = self.connection.execute(_counting(held)) if held else None
        known = memory.fetchone() if memory else None
        problem = _problem(
            known, _expected(tables, schema), dict(captured.fetchall()), numbers.fetchall()
        )
        return Glance(
            str(revisions.fetchall()[0][0] or "") if revisions else "",
            Memory(*known[:3]) if known else None,
            problem if known else "",
            dict(counts.fetchall()) if counts else {},
            frozenset((touched.fetchall()[0][0] if touched else None) or ()),
        )

    def clock(self) -> str:
        """Return the server's clock."""
        moment = sql.SQL("clock_timestamp()")
        column = SyncedColumn("now", Kind.MOMENT, nullable=False)
        return str(self._all(sql.SQL("SELECT {}").format(read(column, moment)))[0][0])

    @contextmanager
    def transaction(self, *, write: bool) -> Iterator[None]:
        """Hold one snapshot; or write on top of one, with the triggers told to look away."""
        if self._rehearsal:
            with self._savepoint():
                yield
            return
        self._begin(write=write)
        try:
            yield
            self._run("COMMIT")
        except BaseException:
            self._roll_back()
            raise

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Send statements without waiting for the answers to those before."""
        with self.connection.pipeline():
            yield

    @contextmanager
    def _savepoint(self) -> Iterator[None]:
        self._run("SAVEPOINT tablecopy")
        try:
            yield
            self._run("RELEASE tablecopy")
        except BaseException:
            self._run("ROLLBACK TO tablecopy")
            raise

    @contextmanager
    def rehearsing(self) -> Iterator[None]:
        """Do everything in one transaction that never ends well."""
        self._begin(write=True)
        self._rehearsal = True
        try:
            yield
        finally:
            self._rehearsal = False
            self._roll_back()

    def _begin(self, *, write: bool) -> None:
        mode = "READ WRITE" if write else "READ ONLY"
        self._run(sql.SQL("BEGIN ISOLATION LEVEL REPEATABLE READ, {}").format(sql.SQL(mode)))
        if write:
            self._run("SELECT set_config('tablecopy.applying', 'on', true)")

    def _roll_back(self) -> None:
        # A connection that is lost has rolled back already, and says so to nobody.
        if not self.connection.closed and not self.connection.broken:
            self._run("ROLLBACK")

    def install(self, tables: SyncedTables) -> None:
        """Put every table, function and trigger in place, or bring it up to date."""
        # Writers wait for it, and so it waits for none of them for long.
        self._run("SET LOCAL lock_timeout = '10s'")
        self._run(TABLES)
        ((schema,),) = self._all("SELECT current_schema()")
        for statement in statements(tables, schema):
            self._run(statement)

    def remember(self, memory: Memory, tables: SyncedTables) -> None:
        """Keep it, with the numbers of the tables that it is about."""
        numbers = self._all(_TABLES, [list(tables.names)])[0][0]
        self._run(
            "INSERT INTO tablecopy_sync VALUES (1, %s, %s, %s, %s)"
            " ON CONFLICT (one) DO UPDATE SET token = excluded.token, previous = excluded.previous,"
            " synced_at = excluded.synced_at, tables = excluded.tables, emptied = ''",
            [memory.token, memory.previous, memory.synced_at, numbers],
        )

    def start_over(self) -> None:
        """Forget the log and the last sync."""
        self._run("DELETE FROM tablecopy_changes")
        self._run("DELETE FROM tablecopy_sync")

    def touched(self, tables: Sequence[SyncedTable]) -> list[Key]:
        """Return the keys of all owners of which a row has an entry."""
        query = "SELECT DISTINCT root FROM tablecopy_changes WHERE tbl = ANY(%s) ORDER BY root"
        found = self._all(query, [[table.name for table in tables]])
        return [tuple(json.loads(root)) for (root,) in found]

    def entries(self, tables: Sequence[SyncedTable], roots: Sequence[Key]) -> list[Entry]:
        """Return the entries of the rows that belong to these owners."""
        return _entries(tables, self._ask_entries(tables, roots).fetchall())

    def family(
        self, tables: Sequence[SyncedTable], roots: Sequence[Key]
    ) -> tuple[dict[str, list[Row]], list[Entry]]:
        """Return the rows that belong to these owners, by their tables, and their entries."""
        with self.connection.pipeline():
            asked = {
                table.name: self._ask_rows(table, table.root_columns, roots) for table in tables
            }
            entries = self._ask_entries(tables, roots)
            rows = {name: cursor.fetchall() for name, cursor in asked.items()}
            return rows, _entries(tables, entries.fetchall())

    def _ask_entries(
        self, tables: Sequence[SyncedTable], roots: Sequence[Key]
    ) -> psycopg.Cursor[Any]:
        query = (
            "SELECT tbl, key, base, stamp FROM tablecopy_changes"
            " WHERE root = ANY(%s) AND tbl = ANY(%s)"
        )
        names_wanted = [table.name for table in tables]
        return self.connection.execute(query, [[_json(root) for root in roots], names_wanted])

    def forget(self, entries: Iterable[Entry]) -> None:
        """Remove entries whose rows were not changed again."""
        rows = [(one.table, _json(one.key), one.stamp) for one in entries]
        if rows:
            query = (
                "DELETE FROM tablecopy_changes AS c USING {} WHERE c.tbl = k.v0 AND c.key = k.v1"
                " AND c.stamp = k.v2::bigint"
            )
            self._run(sql.SQL(query).format(unnested("k", 3)), arrays(rows, 3))

    def note(self, table: SyncedTable, bases: Mapping[Key, Row | None]) -> None:
        """Write entries as if these rows had been changed since the last sync."""
        width = len(table.root_columns)
        order = [column.name for column in table.visible]
        rows = [
            (
                _json(key),
                _json(key[:width]),
                None if base is None else _json(dict(zip(order, base, strict=True))),
            )
            for key, base in bases.items()
        ]
        if rows:
            query = (
                "INSERT INTO tablecopy_changes (tbl, key, root, base)"
                " SELECT {}, k.v0, k.v1, k.v2 FROM {} ON CONFLICT (tbl, key)"
                " DO UPDATE SET base = excluded.base, stamp = excluded.stamp"
            )
            statement = sql.SQL(query).format(sql.Literal(table.name), unnested("k", 3))
            self._run(statement, arrays(rows, 3))

    def scan(self, table: SyncedTable, *, guarded: bool = False) -> Iterator[Row]:
        """Return every row in the order of its key's bytes, in bounded memory."""
        self._cursors += 1
        cursor = sql.Identifier(f"tablecopy_scan_{self._cursors}")
        order = listed(
            sql.SQL('{} COLLATE "C"' if column.kind is Kind.TEXT else "{}").format(
                sql.Identifier("t", column.name)
            )
            for column in table.named(table.key)
        )
        query = "DECLARE {} NO SCROLL CURSOR FOR SELECT {} FROM {} AS t ORDER BY {}"
        self._run(
            sql.SQL(query).format(
                cursor, _columns(table, guarded=guarded), sql.Identifier(table.name), order
            )
        )
        fetch = sql.SQL("FETCH {} FROM {}").format(sql.Literal(_FETCH), cursor)
        while rows := self._all(fetch):
            yield from rows
        self._run(sql.SQL("CLOSE {}").format(cursor))

    def rows(
        self,
        table: SyncedTable,
        columns: Sequence[str],
        keys: Sequence[Key],
        *,
        guarded: bool = False,
    ) -> list[Row]:
        """Return the rows that hold one of these keys in these columns."""
        return self._ask_rows(table, columns, keys, guarded=guarded).fetchall()

    def _ask_rows(
        self,
        table: SyncedTable,
        columns: Sequence[str],
        keys: Sequence[Key],
        *,
        guarded: bool = False,
    ) -> psycopg.Cursor[Any]:
        query = sql.SQL("SELECT {} FROM {} AS t JOIN {} ON {}").format(
            _columns(table, guarded=guarded),
            sql.Identifier(table.name),
            unnested("k", len(columns)),
            _matching(table, columns),
        )
        return self.connection.execute(query, arrays(keys, len(columns)))

    def pending_users(
        self, table: SyncedTable, reference: Reference, keys: Sequence[Key]
    ) -> list[Row]:
        """Return rows with an entry in the log that refer to one of these."""
        query = (
            "SELECT {} FROM {} AS t JOIN {} ON {} WHERE EXISTS ("
            "SELECT 1 FROM tablecopy_changes AS c WHERE c.tbl = {} AND c.key = {})"
        )
        statement = sql.SQL(query).format(
            _columns(table),
            sql.Identifier(table.name),
            unnested("k", len(reference.columns)),
            _matching(table, reference.columns),
            sql.Literal(table.name),
            key_text("t", table, table.key),
        )
        return self._all(statement, arrays(keys, len(reference.columns)))

    def insert(self, table: SyncedTable, rows: Sequence[Row]) -> None:
        """Insert rows, given with all their columns."""
        width = len(table.columns)
        query = sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {}").format(
            sql.Identifier(table.name),
            names(table.names),
            listed(_given(column, place) for place, column in enumerate(table.columns)),
            unnested("k", width),
        )
        self._run(query, arrays(rows, width))

    def fill(self, table: SyncedTable, rows: Iterable[Row]) -> int:
        """Send any number of rows, given with all their columns, in one COPY; return how many."""
        target = sql.Identifier(table.name)
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(target, names(table.names))
        # A moment is sent without its zone, which then has to be that of the session.
        self._run("SET LOCAL TimeZone = 'UTC'")
        count = 0
        with self.connection.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
                count += 1
        return count

    def update(self, table: SyncedTable, rows: Sequence[Row]) -> None:
        """Overwrite the visible columns of rows."""
        width = len(table.visible)
        changed = listed(
            sql.SQL("{} = {}").format(sql.Identifier(column.name), _given(column, place))
            for place, column in enumerate(table.visible)
            if column.name not in table.key
        )
        query = sql.SQL("UPDATE {} AS t SET {} FROM {} WHERE {}").format(
            sql.Identifier(table.name),
            changed,
            unnested("k", width),
            _matching(table, table.key, table.places(table.key)),
        )
        self._run(query, arrays(rows, width))

    def delete(self, table: SyncedTable, keys: Sequence[Key]) -> None:
        """Delete rows."""
        query = sql.SQL("DELETE FROM {} AS t USING {} WHERE {}").format(
            sql.Identifier(table.name), unnested("k", len(table.key)), _matching(table, table.key)
        )
        self._run(query, arrays(keys, len(table.key)))

    def empty(self, table: SyncedTable) -> None:
        """Delete every row."""
        self._run(sql.SQL("DELETE FROM {}").format(sql.Identifier(table.name)))

    def park(self, table: SyncedTable, columns: Sequence[str], keys: Sequence[Key]) -> None:
        """Put NULL, or a text that nobody else holds, into one of the columns."""
        room = next(one for one in table.named(columns) if table.has_room([one.name]))
        aside = "NULL" if room.nullable else "'moving ' || t.{}::text"
        query = sql.SQL("UPDATE {} AS t SET {} = {} FROM {} WHERE {}").format(
            sql.Identifier(table.name),
            sql.Identifier(room.name),
            sql.SQL(aside).format(sql.Identifier(table.key[0])),
            unnested("k", len(table.key)),
            _matching(table, table.key),
        )
        self._run(query, arrays(keys, len(table.key)))

    def rekey(self, table: SyncedTable, old: Key, new: Key) -> None:
        """Put a copy under the new key, hang on it what hung on the old one, drop that."""
        (column,) = table.named(table.key)
        place = table.names.index(column.name)
        (row,) = self.rows(table, table.key, [old], guarded=True)
        for unique in table.unique:
            self.park(table, unique, [old])
        self.insert(table, [(*row[:place], new[0], *row[place + 1 :])])
        value = written(column, sql.Placeholder())
        for child, name in self._all(_HANGING_ON, [table.name, column.name]):
            query = sql.SQL("UPDATE {} SET {} = {} WHERE {} = {}").format(
                sql.SQL(child), sql.Identifier(name), value, sql.Identifier(name), value
            )
            self._run(query, [new[0], old[0]])
        self.delete(table, [old])
        for column_name in ("key", "root", "base"):
            self._run(
                sql.SQL(
                    "UPDATE tablecopy_changes SET {0} = replace({0}, %s, %s) WHERE {0} LIKE %s"
                ).format(sql.Identifier(column_name)),
                [old[0], new[0], f"%{old[0]}%"],
            )

    def _all(self, query: Any, values: Sequence[Any] = ()) -> list[Any]:  # rows of any shape
        return self.connection.execute(query, values or None).fetchall()

    def _run(self, statement: Any, values: Sequence[Any] = ()) -> None:
        self.connection.execute(statement, values or None)


def _expected(tables: SyncedTables, schema: str) -> dict[str, str]:
    return {
        name: md5(body.encode(), usedforsecurity=False).hexdigest()
        for name, body in bodies(tables, schema).items()
    }


def _problem(
    known: Any, expected: dict[str, str], captured: dict[str, str], numbers: Any
) -> str:  # rows of the catalog
    if known is None:
        return ""
    if known[4]:
        return f"{known[4]} was emptied by TRUNCATE"
    if json.loads(known[3]) != json.loads(numbers[0][0]):
        return "its tables were replaced by others"
    if missing := sorted(expected.keys() - captured.keys()):
        return f"the trigger of {missing[0]} is gone"
    return "" if captured == expected else "its schema has changed"


def _counting(held: Sequence[str]) -> sql.Composed:
    return sql.SQL(" UNION ALL ").join(
        sql.SQL("SELECT {}, count(*) FROM {}").format(sql.Literal(name), sql.Identifier(name))
        for name in held
    )


def _columns(table: SyncedTable, *, guarded: bool = False) -> sql.Composed:
    return listed(of("t", column) for column in (table.columns if guarded else table.visible))


def _given(column: SyncedColumn, place: int) -> sql.Composed:
    return written(column, sql.Identifier("k", f"v{place}"))


def _matching(
    table: SyncedTable, columns: Sequence[str], places: Sequence[int] | None = None
) -> sql.Composed:
    where = places or range(len(columns))
    return sql.SQL(" AND ").join(
        sql.SQL("{} = {}").format(sql.Identifier("t", column.name), _given(column, place))
        for column, place in zip(table.named(columns), where, strict=True)
    )


def _entries(tables: Sequence[SyncedTable], found: Sequence[Any]) -> list[Entry]:
    by_name = {table.name: table for table in tables}
    return [
        Entry(name, tuple(json.loads(key)), _base(by_name[name], base), stamp)
        for name, key, base, stamp in found
    ]


def _base(table: SyncedTable, image: str | None) -> Row | None:
    if image is None:
        return None
    held = json.loads(image)
    return tuple(held.get(column.name) for column in table.visible)


def _json(value: object) -> str:
    """Write JSON as Postgres itself does, so that keys are found by their text."""
    return json.dumps(value, ensure_ascii=False)
