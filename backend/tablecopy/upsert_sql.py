"""SQL that makes a live table equal to rows that were staged beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from backend.db import sql
from backend.schema.match import ColumnPair, TablePair
from backend.tablecopy.results import KeyRange
from backend.tablecopy.target import own_rows
from backend.tablecopy.target_digests import closed_ranges, target_range

_STAGE = "CREATE TEMP TABLE {stage} ON COMMIT DROP AS SELECT {columns} FROM {rows} LIMIT 0"
# A row's place is its own within one heap only, and a partitioned table has several.
_PLACES = "CREATE TEMP TABLE {extra} (heap oid, place tid, key text) ON COMMIT DROP"
_INDEX = "CREATE UNIQUE INDEX ON {stage} ({key}); ANALYZE {stage}"
_FIND_EXTRA = """
    INSERT INTO {extra} SELECT t.tableoid, t.ctid, concat_ws(', ', {key}) FROM {rows} t
    {where} AND NOT EXISTS (SELECT FROM {stage} s WHERE {same_key})"""
# The planner does not know how few rows a range holds.
_BY_INDEX = "SET LOCAL enable_seqscan = {0}; SET LOCAL enable_bitmapscan = {0}"
_FIND_EXTRAS = """
    INSERT INTO {extra} SELECT t.tableoid, t.ctid, concat_ws(', ', {key})
    FROM {ranges} CROSS JOIN LATERAL
        (SELECT tablecopy_t.tableoid, tablecopy_t.ctid, {key} FROM {rows} tablecopy_t {where}) t
    WHERE NOT EXISTS (SELECT FROM {stage} s WHERE {same_key})"""
_DELETE = """
    DELETE FROM {rows} t USING {extra} e WHERE t.ctid = e.place AND t.tableoid = e.heap
    RETURNING 'deleted' AS done"""
# Rows that are equal are left out. Equal means exactly, as in the comparison: `=` takes 1.0 for
# 1.00, a collation may take A for a, and json cannot be asked at all.
_UPDATE = """
    UPDATE {rows} AS t SET {changes} FROM {stage} s WHERE {same_key} AND NOT {same}
    RETURNING 'updated' AS done"""
# Nobody else writes meanwhile. ON CONFLICT would not take a DEFERRABLE key.
_INSERT = """
    INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM {stage} s
    WHERE NOT EXISTS (SELECT FROM {rows} t WHERE {same_key}) RETURNING 'inserted' AS done"""
# Without a key a row is known by what it holds, and may be there several times.
_ADD = """
    INSERT INTO {table} AS t ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns}
    FROM (SELECT {columns}, ROW(tablecopy_s.*)::text AS tablecopy_line,
            row_number() OVER (PARTITION BY ROW(tablecopy_s.*)::text) AS tablecopy_nth
        FROM {stage} tablecopy_s) n
    LEFT JOIN (SELECT ROW(tablecopy_t.*)::text AS tablecopy_line, count(*) AS tablecopy_held
        FROM (SELECT {columns} FROM {rows}) tablecopy_t GROUP BY 1) h USING (tablecopy_line)
    WHERE tablecopy_nth > coalesce(tablecopy_held, 0) RETURNING 'inserted' AS done"""
_FIND_MORE = """
    INSERT INTO {extra} SELECT heap, place, tablecopy_line
    FROM (SELECT tablecopy_t.tableoid AS heap, tablecopy_t.ctid AS place,
            ROW({columns})::text AS tablecopy_line,
            row_number() OVER (PARTITION BY ROW({columns})::text) AS tablecopy_nth
        FROM {rows} tablecopy_t) n
    LEFT JOIN (SELECT ROW(tablecopy_s.*)::text AS tablecopy_line, count(*) AS tablecopy_held
        FROM {stage} tablecopy_s GROUP BY 1) h USING (tablecopy_line)
    WHERE tablecopy_nth > coalesce(tablecopy_held, 0)"""


# What is not stored as it was staged, although nothing failed.
_UNLIKE = """
    SELECT concat_ws(', ', {key}), CASE WHEN t.tableoid IS NULL THEN 'the whole row'
        ELSE concat_ws(', ', VARIADIC ARRAY[{names}]) END
    FROM (SELECT {columns} FROM {stage}) s LEFT JOIN (SELECT tableoid, {columns} FROM {rows}) t
        ON {same_key} WHERE t.tableoid IS NULL OR NOT {same} ORDER BY 1 LIMIT {limit}"""
_NOT_ADDED = """
    SELECT tablecopy_line, 'the whole row'
    FROM (SELECT ROW(tablecopy_s.*)::text AS tablecopy_line, count(*) AS tablecopy_wanted
        FROM {stage} tablecopy_s GROUP BY 1) s
    LEFT JOIN (SELECT ROW(tablecopy_t.*)::text AS tablecopy_line, count(*) AS tablecopy_held
        FROM (SELECT {columns} FROM {rows}) tablecopy_t GROUP BY 1) h USING (tablecopy_line)
    WHERE tablecopy_wanted > coalesce(tablecopy_held, 0) ORDER BY 1 LIMIT {limit}"""
_NOT_DELETED = """
    SELECT e.key, 'not deleted' FROM {extra} e JOIN {rows} t ON t.ctid = e.place
        AND t.tableoid = e.heap ORDER BY 1 LIMIT {limit}"""


@dataclass(frozen=True)
class StagedTable:
    """A live table and its stage; `place` tells the stages of one run apart.

    With `only`, the ctid of a row, statements are about that row of the stage alone.
    """

    pair: TablePair
    place: int
    only: str = ""

    @property
    def has_key(self) -> bool:
        """Tell whether Postgres guarantees that the key is unique."""
        names = tuple(column.target.name for column in self.pair.key)
        target = self.pair.target
        unique = {frozenset(one) for one in (target.primary_key, *target.unique_keys)}
        sure = all(map(self._has_value, self.pair.key))
        return bool(names) and sure and frozenset(names) in unique

    def _has_value(self, column: ColumnPair) -> bool:
        """Tell whether the source cannot have NULL there, by which no row would be found again."""
        return column.target.not_null or column.source.not_null or self.pair.has_rowid_key

    def create(self) -> sql.Sql:
        """Create the stage, and a table for the rows that only the target has."""
        return self.filled(f"{_STAGE}; {_PLACES}")

    def copy(self) -> sql.Sql:
        """Return the COPY that takes CSV into the stage."""
        return self.filled("COPY {stage} ({columns}) FROM STDIN (FORMAT csv)")

    def index_stage(self) -> sql.Sql:
        """Index the stage, which is searched once for each part of the table."""
        return self.filled(_INDEX if self.has_key else "ANALYZE {stage}")

    def find_extras(self, ranges: Sequence[KeyRange]) -> sql.Sql:
        """Note rows of several closed ranges that were not staged."""
        table, where = closed_ranges(self.pair, ranges)
        query = self.filled(_FIND_EXTRAS, ranges=table, where=where)
        off, on = (sql.statement(_BY_INDEX, sql.statement(word)) for word in ("off", "on"))
        return sql.statement("{}; {}; {}", off, query, on)

    def find_extra(self, key_range: KeyRange) -> sql.Sql:
        """Note rows of one range, or of the whole table without a key, that were not staged."""
        if not self.has_key:
            return self.filled(_FIND_MORE)
        is_all = key_range == KeyRange()
        where = sql.statement("WHERE true") if is_all else target_range(self.pair, key_range)
        return self.filled(_FIND_EXTRA, where=where)

    def updates(self) -> sql.Sql | None:
        """Update rows that differ, and no others; without a key there are none."""
        key = [column for column in self.pair.key if not column.target.folded]
        others = [column.target for column in self.pair.columns if column not in key]
        # A value that the server always gives can be inserted, but not updated.
        written = [sql.name(one.name) for one in others if one.identity != "always"]
        if not self.has_key or not written:
            return None
        changes = sql.join(", ", [sql.statement("{0} = s.{0}", one) for one in written])
        same = same_values([sql.name(one.name) for one in others])
        return self.filled(_UPDATE, changes=changes, same=same)

    def inserts(self) -> sql.Sql:
        """Insert rows that are new."""
        return self.filled(_INSERT if self.has_key else _ADD)

    def deletes(self) -> sql.Sql:
        """Delete rows that only the target has."""
        return self.filled(_DELETE)

    def unlike(self, limit: int) -> sql.Sql:
        """Return the rows, and their columns, that are stored otherwise than they were staged."""
        most = sql.value(limit)
        if not self.has_key:
            return self.filled(_NOT_ADDED, limit=most)
        columns = list(map(sql.name, self._columns))
        key = [sql.name("s", column.target.name) for column in self.pair.key]
        names = [
            sql.statement("CASE WHEN NOT {} THEN {} END", same_values([one]), sql.value(shown))
            for one, shown in zip(columns, self._columns, strict=True)
        ]
        return self.filled(
            _UNLIKE,
            limit=most,
            key=sql.join(", ", key),
            names=sql.join(", ", names),
            same=same_values(columns),
        )

    def undeleted(self, limit: int) -> sql.Sql:
        """Return the rows that are there although they were deleted."""
        return self.filled(_NOT_DELETED, limit=sql.value(limit))

    def filled(self, template: str, **more: sql.SqlPart) -> sql.Sql:
        """Return a statement about the table, its stage, and the rows that only the target has."""
        key = [sql.name(column.target.name) for column in self.pair.key]
        parts: dict[str, sql.SqlPart] = {
            "table": sql.name(self.pair.target.schema, self.pair.target.name),
            "rows": own_rows(self.pair.target),
            "stage": self._stage,
            "extra": sql.name("pg_temp", f"tablecopy_extra_{self.place}"),
            "columns": sql.join(", ", map(sql.name, self._columns)),
            "key": sql.join(", ", key),
            "same_key": sql.join(" AND ", (sql.statement("t.{0} = s.{0}", one) for one in key)),
        }
        return sql.statement(template, **(parts | more))

    @property
    def _columns(self) -> list[str]:
        return [column.target.name for column in self.pair.columns]

    @property
    def _stage(self) -> sql.SqlPart:
        name = sql.name("pg_temp", f"tablecopy_stage_{self.place}")
        if not self.only:
            return name
        return sql.statement("(SELECT * FROM {} WHERE ctid = {})", name, sql.value(self.only))


def in_one_statement(statements: Sequence[tuple[int, sql.Sql]]) -> sql.Sql:
    """Return one statement that runs all of them and returns (place, what was done, rows).

    Postgres checks references when a statement ends, so the order of the tables does not matter,
    not even where they refer to each other in a circle. Unique values are checked row by row:
    deletes stand first, and are counted first, which is what makes them happen first.
    """
    names = [sql.name(f"change_{number}") for number in range(len(statements))]
    parts = [
        sql.statement("{} AS ({})", name, statement)
        for name, (_, statement) in zip(names, statements, strict=True)
    ]
    counts = [
        sql.statement("SELECT {}, done, count(*) FROM {} GROUP BY done", sql.value(place), name)
        for name, (place, _) in zip(names, statements, strict=True)
    ]
    return sql.statement("WITH {} {}", sql.join(", ", parts), sql.join(" UNION ALL ", counts))


def same_values(columns: Sequence[sql.SqlPart]) -> sql.SqlPart:
    """Return the condition that a row `t` holds exactly what a row `s` holds."""
    ours = sql.join(", ", (sql.statement("t.{}", one) for one in columns))
    theirs = sql.join(", ", (sql.statement("s.{}", one) for one in columns))
    return sql.statement("ROW({})::record *= ROW({})::record", ours, theirs)
