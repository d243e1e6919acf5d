"""Check every invariant in a database, and report which are broken."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from backend.config.database_url import DatabaseUrl
from backend.errors import DataError, RefusedError
from backend.invariants import field_rules, references, sums
from backend.invariants.invariant import EVERYTHING, IdFilter, Invariant, Subject
from backend.migrate.backend import Timeouts, open_backend

_NAMED = 5
_IDS_AT_ONCE = 500


@dataclass(frozen=True)
class Violation:
    """A broken invariant: how often, and the first places."""

    rule: str
    says: str
    count: int
    first: tuple[str, ...]

    def lines(self) -> list[str]:
        """Return the violation as text."""
        more = [f"  and {self.count - len(self.first):,} more"] * (self.count > len(self.first))
        return [
            f"broken: {self.rule} ({self.count:,} times): {self.says}",
            *(f"  {one}" for one in self.first),
            *more,
        ]


@dataclass(frozen=True)
class InvariantReport:
    """How many invariants were checked, and which are broken."""

    rules: int
    violations: tuple[Violation, ...] = ()

    @property
    def is_clean(self) -> bool:
        """Tell whether every invariant holds."""
        return not self.violations

    def lines(self) -> list[str]:
        """Return the report as text."""
        if self.is_clean:
            return [f"all {self.rules} rules hold"]
        broken = [line for violation in self.violations for line in violation.lines()]
        return [*broken, f"{len(self.violations)} of {self.rules} rules are broken"]

    def as_dict(self) -> dict[str, Any]:  # what json.dumps takes
        """Return the report for JSON."""
        return {
            "clean": self.is_clean,
            "rules": self.rules,
            "violations": [
                {
                    "rule": one.rule,
                    "says": one.says,
                    "count": one.count,
                    "first": list(one.first),
                }
                for one in self.violations
            ],
        }


def check(database: DatabaseUrl, *, wait: float = 5.0) -> InvariantReport:
    """Check every invariant in a database of the app, in one snapshot; it is only read.

    Raises:
        RefusedError: its schema is not the app's, or there is none.
    """
    with open_backend(database, Timeouts(wait=wait)) as backend:
        if backend.inspect().is_empty:
            raise RefusedError(
                f"{database} holds no tables", hint="name a database that the app has used"
            )
        with backend.reading() as connection:
            return check_rows(connection)


@dataclass(frozen=True)
class Scope:
    """The groups and the accounts to check, by their ids as SQLite holds them."""

    groups: frozenset[str] = frozenset()
    users: frozenset[str] = frozenset()

    def parts(self, subject: Subject) -> Iterator[IdFilter]:
        """Return the ids that an invariant is about, as many at a time as a statement can name."""
        wanted = {Subject.GROUPS: self.groups, Subject.USERS: self.users}.get(subject, frozenset())
        ids = sorted(map(UUID, wanted))
        for start in range(0, len(ids), _IDS_AT_ONCE):
            yield IdFilter(tuple(ids[start : start + _IDS_AT_ONCE]))


def check_rows(connection: Connection, *, scope: Scope | None = None) -> InvariantReport:
    """Check every invariant in the tables that this connection sees.

    With a scope, only the rows of its groups and accounts are read, so that the cost follows what
    has changed: references are left to the database, which holds them, and settlements that were
    deleted are left out.
    """
    checked = [
        one for one in all_invariants() if scope is None or one.subject is not Subject.REFERENCES
    ]
    found = (_violation(one, connection, scope) for one in checked)
    return InvariantReport(len(checked), tuple(filter(None, found)))


def all_invariants() -> list[Invariant]:
    """Return every invariant, in the order in which they are checked."""
    return [*references.invariants(), *field_rules.invariants(), *sums.invariants()]


def _violation(
    invariant: Invariant, connection: Connection, scope: Scope | None
) -> Violation | None:
    count, first = 0, []
    for within in [EVERYTHING] if scope is None else scope.parts(invariant.subject):
        with _bad_values_as_errors(invariant):
            for violation in invariant.find(connection, within):
                count += 1
                if count <= _NAMED:
                    first.append(violation)
    return Violation(invariant.name, invariant.says, count, tuple(first)) if count else None


@contextmanager
def _bad_values_as_errors(invariant: Invariant) -> Iterator[None]:
    """Raise DataError where a column of a SQLite file holds a value of another type."""
    try:
        yield
    except (ValueError, TypeError, OverflowError) as error:
        raise DataError(
            f"the rule {invariant.name!r} meets a value that its column is not for"
            f" ({type(error).__name__})",
            hint="db_transfer --check names such values",
        ) from None
