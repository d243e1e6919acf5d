"""Find what belongs together on both sides, and what does not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Protocol, TypeVar

from backend.errors import UsageError
from backend.schema.order import parents_first
from backend.schema.tables import Column, PostgresTable, SqliteTable


class FindingKind(StrEnum):
    """In which way the two schemas differ."""

    TABLE_ONLY_IN_SOURCE = "table only in the source"
    VIRTUAL_TABLE = "virtual table with its own content, which cannot be copied"
    TABLE_ONLY_IN_TARGET = "table only in the target"
    COLUMN_ONLY_IN_SOURCE = "column only in the source"
    COLUMN_ONLY_IN_TARGET = "column only in the target"
    COLUMN_WITHOUT_VALUE = "column of the target that must have a value and would get none"
    NO_COMMON_COLUMN = "tables without a common column"


# With these there is no way to go on; the others are the operator's to decide.
_FATAL = {FindingKind.COLUMN_WITHOUT_VALUE, FindingKind.NO_COMMON_COLUMN}


@dataclass(frozen=True)
class Finding:
    """One thing that has no counterpart."""

    kind: FindingKind
    table: str
    column: str = ""

    @property
    def fatal(self) -> bool:
        """Tell whether no flag helps."""
        return self.kind in _FATAL

    def __str__(self) -> str:
        return f"{self.kind}: {self.table}{'.' if self.column else ''}{self.column}"


@dataclass(frozen=True)
class ColumnPair:
    """A column of SQLite, and the one of Postgres that holds the same values."""

    source: Column
    target: Column


@dataclass(frozen=True)
class TablePair:
    """Two tables that hold the same rows; `key` tells rows apart on both engines.

    `ordered` says that both sides keep the key in the same order, through an index: only then can
    they be compared range by range. Until somebody has looked it is not known to be so.
    """

    source: SqliteTable
    target: PostgresTable
    columns: tuple[ColumnPair, ...]
    key: tuple[ColumnPair, ...]
    ordered: bool = False

    @property
    def has_rowid_key(self) -> bool:
        """Tell whether the key is SQLite's row number, which is nothing but an integer."""
        if len(self.key) != 1 or not self.source.has_rowid or self.source.has_key_index:
            return False
        column = self.key[0].source
        return self.source.primary_key == (column.name,) and column.type.name == "INTEGER"


@dataclass(frozen=True)
class MatchOptions:
    """Which tables to take, and which differences the operator has seen and allows.

    Tables in `left_alone` (the bookkeeping of migrations) are neither copied nor missed.
    """

    only: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    left_alone: frozenset[str] = frozenset()
    allowed: frozenset[FindingKind] = frozenset()


@dataclass(frozen=True)
class SchemaMatch:
    """What will be copied, parents first; tables that refer to each other share a group."""

    groups: tuple[tuple[TablePair, ...], ...]
    findings: tuple[Finding, ...] = ()
    options: MatchOptions = field(default_factory=MatchOptions)

    @property
    def excluded(self) -> frozenset[str]:
        """Names of the tables, on either side, that stay out because somebody said so."""
        return frozenset(self.options.excluded)

    @property
    def left_out(self) -> tuple[str, ...]:
        """Names of tables that only the source has."""
        lonely = {FindingKind.TABLE_ONLY_IN_SOURCE, FindingKind.VIRTUAL_TABLE}
        return tuple(one.table for one in self.findings if one.kind in lonely)

    @property
    def pairs(self) -> tuple[TablePair, ...]:
        """All pairs in the order of the groups."""
        return tuple(pair for group in self.groups for pair in group)

    def only(self, tables: Iterable[str]) -> SchemaMatch:
        """Return the same with no other pairs than those of these tables of the target."""
        names = set(tables)
        groups = (tuple(p for p in group if p.target.name in names) for group in self.groups)
        return replace(self, groups=tuple(group for group in groups if group))

    @property
    def open_findings(self) -> tuple[Finding, ...]:
        """What stands in the way: fatal, or not allowed."""
        return tuple(f for f in self.findings if f.fatal or f.kind not in self.options.allowed)


def match_tables(
    source: Iterable[SqliteTable], target: Iterable[PostgresTable], options: MatchOptions
) -> SchemaMatch:
    """Pair tables and columns by name: exactly or, where that is unmistakable, in any case.

    Raises:
        UsageError: `only` names a table that is not on both sides, `excluded` one that is on none.
    """
    all_sources, all_targets = list(source), list(target)
    options = replace(options, excluded=_excluded(all_sources, all_targets, options))
    out = options.left_alone | set(options.excluded)
    sources = [one for one in all_sources if one.name not in out]
    targets = [table for table in all_targets if table.name not in out]
    partners = _partners((one for one in sources if not one.virtual), targets)
    chosen = [two for two in partners if not options.only or _is_chosen(two, options.only)]
    _refuse_unknown(options.only, chosen)
    findings = [] if options.only else list(_lonely_tables(sources, targets, partners))
    pairs: dict[str, TablePair] = {}
    for source_table, target_table in chosen:
        columns = _column_pairs(source_table, target_table)
        findings += _column_findings(source_table, target_table, columns)
        if columns:
            key = _key(source_table, target_table, columns)
            pairs[target_table.name] = TablePair(source_table, target_table, columns, key)
    groups = parents_first({name: _parents(pair) for name, pair in pairs.items()})
    ordered = tuple(tuple(pairs[name] for name in group) for group in groups)
    return SchemaMatch(ordered, tuple(findings), options)


class _Named(Protocol):
    @property
    def name(self) -> str: ...


S = TypeVar("S", bound=_Named)
T = TypeVar("T", bound=_Named)


def _partners(source: Iterable[S], target: Iterable[T]) -> list[tuple[S, T]]:
    """Pair by exact name first: SQLite tells no case apart, but Postgres may hold "a" and "A"."""
    sources, targets = list(source), list(target)
    exact = {one.name: one for one in targets}
    found = [(one, exact[one.name]) for one in sources if one.name in exact]
    taken = {one.name for _, one in found}
    folded: dict[str, list[T]] = {}
    for other in targets:
        if other.name not in taken:
            folded.setdefault(other.name.casefold(), []).append(other)
    for one in sources:
        candidates = folded.get(one.name.casefold(), [])
        if one.name not in taken and len(candidates) == 1:
            found.append((one, candidates[0]))
    return found


def _is_chosen(partners: tuple[SqliteTable, PostgresTable], only: tuple[str, ...]) -> bool:
    return any(table.name in only for table in partners)


def _excluded(
    sources: Iterable[SqliteTable], targets: Iterable[PostgresTable], options: MatchOptions
) -> tuple[str, ...]:
    """Return the names that are excluded, and what their tables are called on the other side."""
    known = {one.name for one in sources} | {other.name for other in targets}
    unknown = [name for name in options.excluded if name not in known]
    if unknown:
        raise UsageError(f"no table on either side is called {', '.join(unknown)}")
    chosen = set(options.excluded)
    partners = [(one.name, other.name) for one, other in _partners(sources, targets)]
    return tuple(sorted(chosen.union(*(set(two) for two in partners if chosen & set(two)))))


def _refuse_unknown(only: tuple[str, ...], chosen: list[tuple[SqliteTable, PostgresTable]]) -> None:
    known = {table.name for two in chosen for table in two}
    unknown = [name for name in only if name not in known]
    if unknown:
        raise UsageError(f"no table on both sides is called {', '.join(unknown)}")


def _lonely_tables(
    sources: Iterable[SqliteTable],
    targets: Iterable[PostgresTable],
    partners: list[tuple[SqliteTable, PostgresTable]],
) -> Iterator[Finding]:
    paired_sources = {one.name for one, _ in partners}
    paired_targets = {one.name for _, one in partners}
    for table in sources:
        if table.virtual:
            yield Finding(FindingKind.VIRTUAL_TABLE, table.name)
        elif table.name not in paired_sources:
            yield Finding(FindingKind.TABLE_ONLY_IN_SOURCE, table.name)
    for other in targets:
        if other.name not in paired_targets:
            yield Finding(FindingKind.TABLE_ONLY_IN_TARGET, other.name)


def _column_pairs(source: SqliteTable, target: PostgresTable) -> tuple[ColumnPair, ...]:
    both = _partners(source.columns, target.columns)
    # What the target computes by itself is never written, and so never compared.
    return tuple(ColumnPair(one, other) for one, other in both if not other.generated)


def _column_findings(
    source: SqliteTable, target: PostgresTable, columns: tuple[ColumnPair, ...]
) -> Iterator[Finding]:
    if not columns:
        yield Finding(FindingKind.NO_COMMON_COLUMN, target.name)
        return
    both = _partners(source.columns, target.columns)
    sources, targets = {one.name for one, _ in both}, {one.name for _, one in both}
    for column in source.columns:
        if column.name not in sources:
            yield Finding(FindingKind.COLUMN_ONLY_IN_SOURCE, source.name, column.name)
    for wanted in target.columns:
        if wanted.name not in targets and not wanted.generated:
            yield Finding(_without_source(wanted), target.name, wanted.name)


def _without_source(column: Column) -> FindingKind:
    if column.not_null and not column.has_default and not column.identity:
        return FindingKind.COLUMN_WITHOUT_VALUE
    return FindingKind.COLUMN_ONLY_IN_TARGET


def _key(
    source: SqliteTable, target: PostgresTable, columns: tuple[ColumnPair, ...]
) -> tuple[ColumnPair, ...]:
    """Return the columns that tell rows apart on both sides; none if nothing promises to."""
    by_target = {pair.target.name: pair for pair in columns}
    by_source = {pair.source.name: pair for pair in columns}
    if target.primary_key and all(name in by_target for name in target.primary_key):
        return tuple(by_target[name] for name in target.primary_key)
    for names in target.unique_keys:
        pairs = [by_target[name] for name in names if name in by_target]
        if len(pairs) == len(names) and all(pair.target.not_null for pair in pairs):
            return tuple(pairs)
    if source.primary_key and all(name in by_source for name in source.primary_key):
        return tuple(by_source[name] for name in source.primary_key)
    return ()


def _parents(pair: TablePair) -> frozenset[str]:
    return frozenset(key.table for key in pair.target.foreign_keys)
