"""SQL that makes rows of a live table like rows that have been staged beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import sql

from backend.schema.match import ColumnPair, TablePair
from backend.tablecopy.postgres.tables import own_rows
from backend.tablecopy.results import KeyRange
from backend.tablecopy.target_digests import closed_ranges, target_range

_STAGE = "CREATE TEMP TABLE {stage} ON COMMIT DROP AS SELECT {columns} FROM {rows} LIMIT 0"
# A row's place is its own within one heap only, and a partitioned table has several.
_PLACES = "CREATE TEMP TABLE {extra} (heap oid, place tid, key text) ON COMMIT DROP"
_FIND_EXTRA = """
    INSERT INTO {extra} SELECT t.tableoid, t.ctid, concat_ws(', ', {key}) FROM {rows} t
    {where} AND NOT EXISTS (SELECT FROM {stage} s WHERE {same_key})"""
# Not known to the planner: how few rows a range holds.
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
_CHANGE = """
    UPDATE {rows} AS t SET {changes} FROM {stage} s WHERE {same_key} AND NOT {same}
    RETURNING 'updated' AS done"""
# Nobody else writes meanwhile. ON CONFLICT would not take a DEFERRABLE key.
_PUT = """
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
class Merge:
    """A live table and its stage; `place` tells the stages of one run apart.

    With `only`, a place in the stage, nothing but that row of it is looked at.
    """

    pair: TablePair
    place: int
    only: str = ""

    @property
    def has_key(self) -> bool:
        """Tell whether Postgres itself promises that the key is unique."""
        names = tuple(column.target.name for column in self.pair.key)
        target = self.pair.target
        unique = {frozenset(one) for one in (target.primary_key, *target.unique_keys)}
        sure = all(map(self._has_value, self.pair.key))
        return bool(names) and sure and frozenset(names) in unique

    def _has_value(self, column: ColumnPair) -> bool:
        """Tell whether the source cannot have NULL there: it would be found again by no key."""
        return column.target.not_null or column.source.not_null or self.pair.has_rowid_key

    def stage(self) -> sql.Composed:
        """Make the stage, and a place for what only the target has."""
        return self.filled(f"{_STAGE}; {_PLACES}")

    def copy(self) -> sql.Composed:
        """Write CSV into the stage."""
        return self.filled("COPY {stage} ({columns}) FROM STDIN (FORMAT csv)")

    def index_stage(self) -> sql.Composed:
        """Let rows be found in the stage: it is asked once for each part of the table."""
        index = "CREATE UNIQUE INDEX ON {stage} ({key}); " if self.has_key else ""
        return self.filled(f"{index}ANALYZE {{stage}}")

    def find_extras(self, ranges: Sequence[KeyRange]) -> sql.Composed:
        """Note such rows of several closed ranges at once."""
        table, where = closed_ranges(self.pair, ranges)
        query = self.filled(_FIND_EXTRAS, ranges=table, where=where)
        off, on = (sql.SQL(_BY_INDEX).format(sql.SQL(word)) for word in ("off", "on"))
        return sql.SQL("{}; {}; {}").format(off, query, on)

    def find_extra(self, key_range: KeyRange) -> sql.Composed:
        """Note rows of a part of the table, all of it if it has no key, that were not staged."""
        if not self.has_key:
            return self.filled(_FIND_MORE)
        everything = key_range == KeyRange()
        where = sql.SQL("WHERE true") if everything else target_range(self.pair, key_range)
        return self.filled(_FIND_EXTRA, where=where)

    def changes(self) -> sql.Composed | None:
        """Change what differs, and nothing else; without a key nothing can be said to."""
        key = [column for column in self.pair.key if not column.target.folded]
        names = [c.target.name for c in self.pair.columns if c not in key]
        if not self.has_key or not names:
            return None
        others = [sql.Identifier(name) for name in names]
        changes = _joined([sql.SQL("{0} = s.{0}").format(one) for one in others])
        return self.filled(_CHANGE, changes=changes, same=same_values(others))

    def additions(self) -> sql.Composed:
        """Put in what is new."""
        return self.filled(_PUT if self.has_key else _ADD)

    def delete(self) -> sql.Composed:
        """Delete what only the target has."""
        return self.filled(_DELETE)

    def unlike(self, limit: int) -> sql.Composed:
        """Name rows, and columns, that are stored otherwise than they were staged."""
        most = sql.Literal(limit)
        if not self.has_key:
            return self.filled(_NOT_ADDED, limit=most)
        columns = [sql.Identifier(column.target.name) for column in self.pair.columns]
        key = [sql.Identifier("s", column.target.name) for column in self.pair.key]
        names = [
            sql.SQL("CASE WHEN NOT {} THEN {} END").format(
                same_values([sql.Identifier(one.target.name)]), sql.Literal(one.target.name)
            )
            for one in self.pair.columns
        ]
        filled = {"key": _joined(key), "names": _joined(names), "same": same_values(columns)}
        return self.filled(_UNLIKE, limit=most, **filled)

    def undeleted(self, limit: int) -> sql.Composed:
        """Name rows that are there although they were deleted."""
        return self.filled(_NOT_DELETED, limit=sql.Literal(limit))

    def filled(self, template: str, **more: sql.Composable) -> sql.Composed:
        """Return a statement about the table, its stage, and what only the target has."""
        key = [sql.Identifier(column.target.name) for column in self.pair.key]
        names = [sql.Identifier(column.target.name) for column in self.pair.columns]
        parts: dict[str, sql.Composable] = {
            "table": sql.Identifier(self.pair.target.schema, self.pair.target.name),
            "rows": own_rows(self.pair.target),
            "stage": self._stage,
            "extra": sql.Identifier("pg_temp", f"tablecopy_extra_{self.place}"),
            "columns": _joined(names),
            "key": _joined(key),
            "same_key": sql.SQL(" AND ").join(sql.SQL("t.{0} = s.{0}").format(one) for one in key),
        }
        return sql.SQL(template).format(**(parts | more))

    @property
    def _stage(self) -> sql.Composable:
        name = sql.Identifier("pg_temp", f"tablecopy_stage_{self.place}")
        if not self.only:
            return name
        one = sql.SQL("(SELECT * FROM {} WHERE ctid = {})")
        return one.format(name, sql.Literal(self.only))


def together(statements: Sequence[tuple[int, sql.Composed]]) -> sql.Composed:
    """Return one statement that does all of them and answers (place, what was done, rows).

    Postgres looks at references when a statement ends, so none of them has to come before another,
    not even where tables refer to each other in a circle. Unique values are looked at row by row:
    deletes stand first, and are counted first, which is what makes them happen first.
    """
    names = [sql.Identifier(f"change_{number}") for number in range(len(statements))]
    parts = [
        sql.SQL("{} AS ({})").format(name, statement)
        for name, (_, statement) in zip(names, statements, strict=True)
    ]
    counts = [
        sql.SQL("SELECT {}, done, count(*) FROM {} GROUP BY done").format(sql.Literal(place), name)
        for name, (place, _) in zip(names, statements, strict=True)
    ]
    return sql.SQL("WITH {} {}").format(
        sql.SQL(", ").join(parts), sql.SQL(" UNION ALL ").join(counts)
    )


def same_values(columns: Sequence[sql.Composable]) -> sql.Composable:
    """Return the condition that a row `t` holds exactly what a row `s` holds."""
    ours, theirs = ([sql.SQL(f"{row}.{{}}").format(one) for one in columns] for row in "ts")
    return sql.SQL("ROW({})::record *= ROW({})::record").format(_joined(ours), _joined(theirs))


def _joined(parts: Sequence[sql.Composable]) -> sql.Composed:
    return sql.SQL(", ").join(parts)
