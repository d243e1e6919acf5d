"""Whether both sides keep a table's key in the same order, so that ranges mean the same rows."""

from __future__ import annotations

from dataclasses import replace

from backend.db.session import Session
from backend.db.sql import name, statement, text
from backend.db.sqlite_reader import APSWConnection, query
from backend.schema.match import ColumnPair, TablePair

_HEX = "[^0-9a-f]"
_DAY = "[0-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]"
_MINUTE = "[0-2][0-9]:[0-5][0-9]"
_SECOND = ":[0-5][0-9]"
_MICROSECONDS = "." + 6 * "[0-9]"
_TEXTS = {"text", "character varying"}

# Forms of a value, all of which Postgres sorts as SQLite does; one form for the whole column.
_WHOLE = ("typeof({0}) = 'integer'",)
_NUMBER = ("typeof({0}) IN ('integer', 'real')",)
_FORMS: dict[str, tuple[str, ...]] = {
    "smallint": _WHOLE,
    "integer": _WHOLE,
    "bigint": _WHOLE,
    "numeric": _NUMBER,
    "text": ("typeof({0}) = 'text'",),
    "character varying": ("typeof({0}) = 'text'",),
    "bytea": ("typeof({0}) = 'blob'",),
    "uuid": (
        f"typeof({{0}}) = 'text' AND length({{0}}) = 32 AND {{0}} NOT GLOB '*{_HEX}*'",
        "typeof({0}) = 'text' AND length({0}) = 36 AND"
        f" {{0}} GLOB '{'-'.join(n * '[0-9a-f]' for n in (8, 4, 4, 4, 12))}'",
        "typeof({0}) = 'blob'",
    ),
    "date": (f"typeof({{0}}) = 'text' AND {{0}} GLOB '{_DAY}'",),
    "timestamp without time zone": (
        f"typeof({{0}}) = 'text' AND {{0}} GLOB '{_DAY} {_MINUTE}{_SECOND}{_MICROSECONDS}'",
        f"typeof({{0}}) = 'text' AND {{0}} GLOB '{_DAY} {_MINUTE}{_SECOND}'",
    ),
}
_FORMS["timestamp with time zone"] = _FORMS["timestamp without time zone"]

# Collations that sort text by its bytes, as SQLite does.
_BYTEWISE = """
    SELECT bool_and(pg_encoding_to_char(d.encoding) = 'UTF8' AND CASE c.collname
        WHEN 'default' THEN coalesce(to_jsonb(d)->>'datlocale', d.datcollate)
            IN ('C', 'POSIX', 'C.UTF-8', 'C.utf8') AND NOT (d.datlocprovider = 'i')
        ELSE c.collname IN ('C', 'POSIX', 'ucs_basic', 'pg_c_utf8', 'C.UTF-8', 'C.utf8') END)
    FROM pg_attribute a JOIN pg_class t ON t.oid = a.attrelid
    JOIN pg_collation c ON c.oid = a.attcollation
    JOIN pg_database d ON d.datname = current_database()
    WHERE t.relnamespace = quote_ident(%s)::regnamespace AND t.relname = %s
        AND a.attname = ANY(%s)"""


def check_key_order(source: APSWConnection, target: Session, pair: TablePair) -> TablePair:
    """Return the pair, `ordered` if its key sorts alike on both sides and both have it indexed.

    The values themselves are looked at: a single UUID in capital letters, or a NULL that
    SQLite let into a primary key, would lie in another range there than here.
    """
    ordered = (
        bool(pair.key)
        and _target_has_index(pair)
        and _source_has_index(source, pair)
        and all(_sorts_alike(source, pair, column) for column in pair.key)
        and _target_sorts_by_bytes(target, pair)
    )
    return replace(pair, ordered=ordered)


def _target_has_index(pair: TablePair) -> bool:
    names = [column.target.name for column in pair.key]
    unique = (pair.target.primary_key, *pair.target.unique_keys)
    return names in map(list, unique) and all(column.target.not_null for column in pair.key)


def _source_has_index(source: APSWConnection, pair: TablePair) -> bool:
    names = [column.source.name for column in pair.key]
    if pair.has_rowid_key:
        return True
    # A range is read in the order of the columns' own collations, whatever else is indexed.
    if any(source.column_metadata("main", pair.source.name, n)[1] != "BINARY" for n in names):
        return False
    indexes = query(
        source,
        'SELECT name FROM pragma_index_list(?) WHERE "unique" AND NOT partial',
        (pair.source.name,),
    )
    return any(_columns(source, index) == [(n, "BINARY", 0) for n in names] for (index,) in indexes)


def _columns(source: APSWConnection, index: str) -> list[tuple[object, ...]]:
    sql = 'SELECT name, coll, "desc" FROM pragma_index_xinfo(?) WHERE key ORDER BY seqno'
    return list(query(source, sql, (index,)))


def _sorts_alike(source: APSWConnection, pair: TablePair, column: ColumnPair) -> bool:
    if pair.has_rowid_key and column.target.type.name in {"smallint", "integer", "bigint"}:
        return True
    for form in _FORMS.get(column.target.type.name, ()):
        other_form = statement(
            "SELECT 1 FROM {} WHERE ({}) IS NOT TRUE LIMIT 1",
            name(pair.source.name),
            statement(form, name(column.source.name)),
        )
        if not any(query(source, text(other_form))):
            return True
    return False


def _target_sorts_by_bytes(target: Session, pair: TablePair) -> bool:
    names = [c.target.name for c in pair.key if c.target.type.name in _TEXTS]
    if not names:
        return True
    row = target.execute(_BYTEWISE, (pair.target.schema, pair.target.name, names)).fetchone()
    return bool(row and row[0])
