"""Build the checks, indexes, keys and references of loaded tables, and set their attributes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass

from backend.db import sql
from backend.db.session import Session
from backend.errors import DatabaseError, DataError
from backend.tablecopy.shadow.ddl_queue import DdlQueue, DdlStep, run_queue
from backend.tablecopy.shadow.schema import Shadow
from backend.tablecopy.shadow.table_ddl import DdlStatement, TableDdl
from backend.tablecopy.target import Target, connect
from backend.tablecopy.violations import RowViolations, ViolationsError, find_violations

_CONNECTIONS = 2
_SETTINGS = {
    # Sorting in memory is most of what an index costs; the server's own setting is for vacuum.
    "maintenance_work_mem": "256MB",
    # Our connections keep the processors busy; helpers of the server would only share them.
    "max_parallel_maintenance_workers": "0",
}

# Shares of the time of building an index: validating a reference, and ANALYZE.
_VALIDATION = 0.6
_ANALYSIS = 0.05


def build_indexes(shadow: Shadow, target: Target, *, rows: Mapping[str, int]) -> None:
    """Make the shadow's tables equal to the live ones in everything but their schema.

    Call it when all is loaded: building the first indexes beside the last COPY was tried, and gains
    nothing where loading already keeps the processors busy.

    Raises:
        ViolationsError: names all rows that break constraints, and all that refer to them.
        DataError: a row is refused for another reason.
    """
    queue = _planned(shadow.ddl, rows)
    try:
        with _sessions(target) as sessions:
            run_queue(queue, sessions)
    except DataError as error:
        found = _find_violations(shadow, target)
        if not found.rows:
            raise
        raise ViolationsError(found) from error


def _find_violations(shadow: Shadow, target: Target) -> RowViolations:
    """Find the rows; none, where the privilege to create a temporary table is missing."""
    with (
        suppress(DatabaseError),
        closing(connect(target, name=f"tablecopy:{shadow.name}")) as session,
    ):
        ddl = shadow.ddl
        return find_violations(session, schema=ddl.schema, shadow=ddl.shadow, tables=ddl.tables)
    return RowViolations()


@contextmanager
def _sessions(target: Target) -> Iterator[list[Session]]:
    with ExitStack() as stack:
        yield [
            stack.enter_context(closing(connect(target, name="tablecopy:finishing", **_SETTINGS)))
            for _ in range(_CONNECTIONS)
        ]


def _planned(ddl: TableDdl, rows: Mapping[str, int]) -> DdlQueue:
    """Queue the statements; those on which most work depends come first.

    Else one of two connections would be idle at the end, while the other validates the references
    of the biggest table: those of one table can only be validated one after the other.
    """
    steps: list[DdlStep] = []
    parts = _Parts(ddl)
    for table in ddl.tables:
        one = _Table(parts, table, rows)
        steps += [*one.checks(), *one.indexes(), *one.keys(), *one.references(), *one.attributes()]
    return DdlQueue(sorted(steps, key=lambda step: -step.weight))


class _Parts:
    """The statements by their table and part."""

    def __init__(self, ddl: TableDdl) -> None:
        self.shadow = ddl.shadow
        self.of_table: defaultdict[tuple[str, str], list[DdlStatement]] = defaultdict(list)
        self.referring: defaultdict[str, set[str]] = defaultdict(set)
        for one in ddl.statements:
            self.of_table[one.table, one.part].append(one)
        for one in ddl.part("foreign key"):
            self.referring[one.refers].add(one.table)


@dataclass(frozen=True)
class _Table:
    """The steps of one table, weighed by the rows that they read."""

    parts: _Parts
    name: str
    rows: Mapping[str, int]

    def checks(self) -> Iterator[DdlStep]:
        """Yield one pass over the rows, which locks out all other steps of the table."""
        for one in self._part("check"):
            yield DdlStep(one.text, _doing(one), self._marks("checked"), alone=self._me)

    def indexes(self) -> Iterator[DdlStep]:
        """Yield indexes, several at a time; unique ones first where other tables need them."""
        needs = self._marks("checked")
        for one in self._part("index"):
            unique = one.text.startswith("CREATE UNIQUE")
            gives = self._marks("indexed", "unique") if unique else self._marks("indexed")
            weight = self._size + max(self._validation(self.name), self._waiting if unique else 0)
            yield DdlStep(one.text, _doing(one), gives, needs, shared=self._me, weight=weight)
        for one in self._part("exclusion"):
            gives = self._marks("indexed", "unique")
            yield DdlStep(one.text, _doing(one), gives, needs, alone=self._me, weight=self._size)

    def keys(self) -> Iterator[DdlStep]:
        """Yield what makes keys of unique indexes."""
        needs = self._marks("checked", "unique")
        if text := _joined(self._part("key")):
            yield DdlStep(text, f"keys of {self.name}", self._marks("keyed"), needs, alone=self._me)

    def references(self) -> Iterator[DdlStep]:
        """Yield references as NOT VALID, a short lock on both tables, then their validation."""
        for one in self._part("foreign key"):
            both = frozenset({self.name, one.refers} - {""})
            # What is referred to may be a key, or a unique index alone.
            referred = {_mark("keyed", one.refers), _mark("unique", one.refers)}
            needs = self._marks("indexed", "keyed") | referred
            bound = frozenset([_mark(f"bound {one.name} of", self.name)])
            yield DdlStep(one.text, _doing(one), bound, needs, alone=both)
        for one in self._part("validate"):
            bound = frozenset([_mark(f"bound {one.name} of", self.name)])
            weight = self._validation(self.name)
            yield DdlStep(one.text, _doing(one), needs=bound, alone=self._me, weight=weight)

    def attributes(self) -> Iterator[DdlStep]:
        """Yield owner, options and comments; then ANALYZE."""
        built = self._marks("indexed", "keyed")
        text = _joined((*self._part("attributes"), *self._part("marks")))
        done = self._marks("attributes")
        yield DdlStep(text, f"rights and comments of {self.name}", done, built, alone=self._me)
        analyze = sql.statement("ANALYZE {}", sql.name(self.parts.shadow, self.name)).as_string()
        weight = self._size * _ANALYSIS
        doing = f"analyzing {self.name}"
        yield DdlStep(analyze, doing, needs=built | done, alone=self._me, weight=weight)

    @property
    def _me(self) -> frozenset[str]:
        return frozenset([self.name])

    @property
    def _size(self) -> float:
        return float(self.rows.get(self.name, 0))

    @property
    def _waiting(self) -> float:
        """The most work that waits for a key of this table."""
        return max(map(self._validation, self.parts.referring[self.name]), default=0)

    def _validation(self, table: str) -> float:
        return _VALIDATION * self.rows.get(table, 0) * len(self.parts.of_table[table, "validate"])

    def _part(self, part: str) -> tuple[DdlStatement, ...]:
        return tuple(self.parts.of_table[self.name, part])

    def _marks(self, *words: str) -> frozenset[str]:
        return frozenset(_mark(word, self.name) for word in words)


def _mark(word: str, table: str) -> str:
    return f"{word} {table}"


def _joined(statements: tuple[DdlStatement, ...]) -> str:
    # Sent as one text they are one transaction, and take one round trip.
    return "; ".join(one.text for one in statements)


def _doing(one: DdlStatement) -> str:
    return f"{one.table}: {one.part} {one.name}"
