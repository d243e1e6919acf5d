"""Give loaded tables what makes them whole: checks, indexes, keys, references, rights."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass

from psycopg import sql

from backend.errors import DatabaseError, DataError
from backend.tablecopy.postgres.session import Session, Target, connect
from backend.tablecopy.shadow.ddl_queue import OnStep, Step, Steps, run_steps
from backend.tablecopy.shadow.schema import Shadow
from backend.tablecopy.shadow.table_ddl import Blueprint, Statement
from backend.tablecopy.violations import Offences, OffendingRowsError, offences

CONNECTIONS = 2
_SETTINGS = {
    # Sorting in memory is most of what an index costs; the server's own setting is for vacuum.
    "maintenance_work_mem": "256MB",
    # Our connections keep the processors busy; helpers of the server would only share them.
    "max_parallel_maintenance_workers": "0",
}

# Keeping a promise takes about so much of the time of building an index of the same table.
_VALIDATION = 0.6
_ANALYSIS = 0.05


def finish(
    shadow: Shadow, target: Target, *, rows: Mapping[str, int], on_step: OnStep | None = None
) -> None:
    """Make the shadow's tables like the live ones in everything but their schema.

    It begins when all is loaded: building the first indexes beside the last COPY was tried, and
    gains nothing where loading already keeps the processors busy.

    Raises:
        OffendingRowsError: rows break constraints; it holds all of them, and what refers to them.
        DataError: a row is refused for another reason.
    """
    steps = _plan_steps(shadow.blueprint, rows)
    try:
        with _sessions(target) as sessions:
            run_steps(steps, sessions, on_step)
    except DataError as error:
        found = _offences(shadow, target)
        if not found.rows:
            raise
        raise OffendingRowsError(found) from error


def _offences(shadow: Shadow, target: Target) -> Offences:
    """Name the rows; nothing, where the right to make the temporary table for that is missing."""
    with (
        suppress(DatabaseError),
        closing(connect(target, name=f"tablecopy:{shadow.name}")) as session,
    ):
        return offences(session, shadow.blueprint)
    return Offences()


@contextmanager
def _sessions(target: Target) -> Iterator[list[Session]]:
    with ExitStack() as stack:
        yield [
            stack.enter_context(closing(connect(target, name="tablecopy:finishing", **_SETTINGS)))
            for _ in range(CONNECTIONS)
        ]


def _plan_steps(blueprint: Blueprint, rows: Mapping[str, int]) -> Steps:
    """Plan the statements; those for which most work waits come first.

    With two connections one would otherwise be idle at the end, while the other validates the
    references of the biggest table: those of one table can only be validated in turn.
    """
    steps: list[Step] = []
    parts = _Parts(blueprint)
    for table in blueprint.tables:
        one = _Table(parts, table, rows)
        steps += [*one.checks(), *one.indexes(), *one.keys(), *one.references(), *one.the_rest()]
    return Steps(sorted(steps, key=lambda step: -step.weight))


class _Parts:
    """The statements by their table, so that nobody looks through those of all others."""

    def __init__(self, blueprint: Blueprint) -> None:
        self.shadow = blueprint.shadow
        self.of_table: defaultdict[tuple[str, str], list[Statement]] = defaultdict(list)
        self.referring: defaultdict[str, set[str]] = defaultdict(set)
        for one in blueprint.statements:
            self.of_table[one.table, one.part].append(one)
        for one in blueprint.part("foreign key"):
            self.referring[one.refers].add(one.table)


@dataclass(frozen=True)
class _Table:
    """The statements of one table, and how heavy they are, in rows that are read."""

    parts: _Parts
    name: str
    rows: Mapping[str, int]

    def checks(self) -> Iterator[Step]:
        """One pass over the rows, before anything that could only be shared."""
        for one in self._part("check"):
            yield Step(one.text, _doing(one), self._marks("checked"), alone=self._me)

    def indexes(self) -> Iterator[Step]:
        """Several at a time; unique ones first where other tables wait for them."""
        needs = self._marks("checked")
        for one in self._part("index"):
            unique = one.text.startswith("CREATE UNIQUE")
            gives = self._marks("indexed", "unique") if unique else self._marks("indexed")
            weight = self._size + max(self._validation(self.name), self._waiting if unique else 0)
            yield Step(one.text, _doing(one), gives, needs, shared=self._me, weight=weight)
        for one in self._part("exclusion"):
            gives = self._marks("indexed", "unique")
            yield Step(one.text, _doing(one), gives, needs, alone=self._me, weight=self._size)

    def keys(self) -> Iterator[Step]:
        """Say of unique indexes what they are."""
        needs = self._marks("checked", "unique")
        if text := _joined(self._part("key")):
            yield Step(text, f"keys of {self.name}", self._marks("keyed"), needs, alone=self._me)

    def references(self) -> Iterator[Step]:
        """First as promises, which takes a moment of both tables, then see that they hold."""
        for one in self._part("foreign key"):
            both = frozenset({self.name, one.refers} - {""})
            needs = self._marks("indexed", "keyed") | {_mark("keyed", one.refers)}
            bound = frozenset([_mark(f"bound {one.name} of", self.name)])
            yield Step(one.text, _doing(one), bound, needs, alone=both)
        for one in self._part("validate"):
            bound = frozenset([_mark(f"bound {one.name} of", self.name)])
            weight = self._validation(self.name)
            yield Step(one.text, _doing(one), needs=bound, alone=self._me, weight=weight)

    def the_rest(self) -> Iterator[Step]:
        """Owner, rights, options and comments; then count for the planner."""
        built = self._marks("indexed", "keyed")
        text = _joined((*self._part("dress"), *self._part("polish")))
        dressed = self._marks("dressed")
        yield Step(text, f"rights and comments of {self.name}", dressed, built, alone=self._me)
        name = sql.Identifier(self.parts.shadow, self.name).as_string()
        weight = self._size * _ANALYSIS
        doing = f"analyzing {self.name}"
        yield Step(f"ANALYZE {name}", doing, needs=built | dressed, alone=self._me, weight=weight)

    @property
    def _me(self) -> frozenset[str]:
        return frozenset([self.name])

    @property
    def _size(self) -> float:
        return float(self.rows.get(self.name, 0))

    @property
    def _waiting(self) -> float:
        """The most that waits for a key of this table."""
        return max(map(self._validation, self.parts.referring[self.name]), default=0)

    def _validation(self, table: str) -> float:
        return _VALIDATION * self.rows.get(table, 0) * len(self.parts.of_table[table, "validate"])

    def _part(self, part: str) -> tuple[Statement, ...]:
        return tuple(self.parts.of_table[self.name, part])

    def _marks(self, *words: str) -> frozenset[str]:
        return frozenset(_mark(word, self.name) for word in words)


def _mark(word: str, table: str) -> str:
    return f"{word} {table}"


def _joined(statements: tuple[Statement, ...]) -> str:
    # Sent as one text they are one transaction, and one journey to the server.
    return "; ".join(one.text for one in statements)


def _doing(one: Statement) -> str:
    return f"{one.table}: {one.part} {one.name}"
