"""References across the border of a run that would dangle: to tables left alone, and from them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from backend.db.session import Session
from backend.db.sql import join, name, statement
from backend.db.sqlite_reader import file_errors
from backend.schema.match import ColumnPair, SchemaMatch, TablePair
from backend.tablecopy.encoder import encoder
from backend.tablecopy.sqlite.connection import SourceConnection
from backend.tablecopy.sqlite.rows import lines_without_null
from backend.tablecopy.target import streamed, table_oids
from backend.values.conversion import Casts
from backend.values.registry import without_conversion

_SHOWN = 3
_INCOMING = """
    SELECT n.nspname, o.relname, k.conname, c.relname,
        array(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY e(attnum, place)
            JOIN pg_attribute a ON a.attrelid = o.oid AND a.attnum = e.attnum ORDER BY place),
        array(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY e(attnum, place)
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = e.attnum ORDER BY place)
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.confrelid
    JOIN pg_class o ON o.oid = k.conrelid JOIN pg_namespace n ON n.oid = o.relnamespace
    WHERE k.contype = 'f' AND k.conparentid = 0
        AND k.confrelid = ANY(%(oids)s) AND NOT k.conrelid = ANY(%(oids)s)
    ORDER BY 1, 2, 3"""
_MAY_READ = """
    SELECT has_table_privilege(c.oid, 'SELECT') AND NOT row_security_active(c.oid)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = %s AND c.relname = %s"""
_VALUES = "SELECT convert_to({row}, 'UTF8') FROM {table} WHERE {filled}"


@dataclass(frozen=True)
class Dangling:
    """Values of a foreign key of `table` that no row of `referred` would have.

    Without `values` nobody knows: the rows that would tell cannot be read.
    """

    table: str
    constraint: str
    referred: str
    values: frozenset[bytes]

    def __str__(self) -> str:
        if not self.values:
            return f"rows of {self.referred} that cannot be looked at with this login's rights"
        first = sorted(self.values)[:_SHOWN]
        named = ", ".join(value.decode(errors="replace").strip() for value in first)
        more = ", …" if len(self.values) > _SHOWN else ""
        rows = "1 row" if len(self.values) == 1 else f"{len(self.values):,} rows"
        return f"{rows} of {self.referred} ({named}{more})"


def left_behind(
    session: Session, source: SourceConnection, match: SchemaMatch, casts: Casts
) -> Iterator[Dangling]:
    """Find references to rows that the source lacks, from tables that do not travel."""
    pairs = {pair.target.name: pair for pair in match.pairs}
    schema = next((pair.target.schema for pair in pairs.values()), "")
    values = {"oids": table_oids(session, schema, pairs)}
    found = session.execute(_INCOMING, values).fetchall()
    for place, table, constraint, referred, own, keys in found:
        columns = _columns(pairs[referred], keys)
        if columns is None:
            continue
        if not _may_read(session, (place, table)):
            yield Dangling(table, constraint, referred, frozenset())
            continue
        wanted = set(_target_values(session, (place, table), columns, own, casts))
        missing = _missing(wanted, _source_values(source, columns, casts))
        if missing:
            yield Dangling(table, constraint, referred, missing)


def without_parents(
    session: Session, source: SourceConnection, match: SchemaMatch, casts: Casts
) -> Iterator[Dangling]:
    """Find references of rows that travel to rows of excluded tables that the target lacks."""
    for pair in match.pairs:
        for key in pair.target.foreign_keys:
            columns = _columns(pair, key.columns)
            if key.table not in match.excluded or columns is None:
                continue
            place = (pair.target.schema, key.table)
            wanted = set(_source_values(source, columns, casts))
            if wanted and not _may_read(session, place):
                yield Dangling(pair.target.name, key.name, key.table, frozenset())
                continue
            held = _target_values(session, place, columns, key.referred, casts)
            missing = _missing(wanted, held)
            if missing:
                yield Dangling(pair.target.name, key.name, key.table, missing)


def _may_read(session: Session, place: tuple[str, str]) -> bool:
    return session.execute(_MAY_READ, place).fetchone() == (True,)


def _columns(pair: TablePair, names: Sequence[str]) -> TablePair | None:
    """Return the pair with these columns alone; None if one of them cannot be compared."""
    by_name = {column.target.name: column for column in pair.columns}
    if not all(name in by_name for name in names):
        return None
    columns = replace(pair, columns=tuple(by_name[name] for name in names))
    return None if without_conversion(columns) else columns


def _missing(wanted: set[bytes], held: Iterable[bytes]) -> frozenset[bytes]:
    rest = iter(held)
    while wanted:
        value = next(rest, None)
        if value is None:
            break
        wanted.discard(value)
    return frozenset(wanted)


def _source_values(source: SourceConnection, columns: TablePair, casts: Casts) -> Iterator[bytes]:
    with file_errors(source.path):
        yield from lines_without_null(source, encoder(columns, casts))


def _target_values(
    session: Session,
    place: tuple[str, str],
    columns: TablePair,
    names: Sequence[str],
    casts: Casts,
) -> Iterator[bytes]:
    """Return the values of these columns, in the text that the source's would have."""
    renamed = tuple(_named(one, new) for one, new in zip(columns.columns, names, strict=True))
    line = encoder(replace(columns, columns=renamed), casts).target_text
    filled = join(" AND ", (statement("{} IS NOT NULL", name(one)) for one in names))
    return streamed(session, statement(_VALUES, row=line, table=name(*place), filled=filled))


def _named(column: ColumnPair, name: str) -> ColumnPair:
    return replace(column, target=replace(column.target, name=name))
