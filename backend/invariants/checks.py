"""Put every rule to a database and say which of them it breaks."""

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
from backend.invariants.rule import EVERYTHING, About, Only, Rule
from backend.migrate.backend import Timeouts, open_backend

_NAMED = 5
_IDS_AT_ONCE = 500


@dataclass(frozen=True)
class Violation:
    """A rule that is broken, how often, and where first."""

    rule: str
    says: str
    count: int
    first: tuple[str, ...]

    def lines(self) -> list[str]:
        """Say it to people."""
        more = [f"  and {self.count - len(self.first):,} more"] * (self.count > len(self.first))
        return [
            f"broken: {self.rule} ({self.count:,} times): {self.says}",
            *(f"  {one}" for one in self.first),
            *more,
        ]


@dataclass(frozen=True)
class Verdict:
    """How many rules were put, and which are broken."""

    rules: int
    violations: tuple[Violation, ...] = ()

    @property
    def is_clean(self) -> bool:
        """Tell whether every rule holds."""
        return not self.violations

    def lines(self) -> list[str]:
        """Say it to people."""
        if self.is_clean:
            return [f"all {self.rules} rules hold"]
        broken = [line for violation in self.violations for line in violation.lines()]
        return [*broken, f"{len(self.violations)} of {self.rules} rules are broken"]

    def as_dict(self) -> dict[str, Any]:  # what json.dumps takes
        """Say it to machines."""
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


def check(database: DatabaseUrl, *, wait: float = 5.0) -> Verdict:
    """Put every rule to a database of ours, all to the same snapshot; it is only read.

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
    """The groups and the accounts that somebody has changed, by their ids as SQLite holds them."""

    groups: frozenset[str] = frozenset()
    users: frozenset[str] = frozenset()

    def parts(self, about: About) -> Iterator[Only]:
        """Return those that a rule is about, as many at a time as a statement can name."""
        wanted = {About.GROUPS: self.groups, About.USERS: self.users}.get(about, frozenset())
        ids = sorted(map(UUID, wanted))
        for start in range(0, len(ids), _IDS_AT_ONCE):
            yield Only(tuple(ids[start : start + _IDS_AT_ONCE]))


def check_rows(connection: Connection, *, scope: Scope | None = None) -> Verdict:
    """Put every rule to the tables that this connection sees.

    With a scope, only the rows of its groups and accounts are read, so that the cost follows what
    has changed: references are left to the database, which holds them, and settlements that were
    deleted are left out.
    """
    every = [rule for rule in all_rules() if scope is None or rule.about is not About.REFERENCES]
    found = [violation for rule in every if (violation := _put(rule, connection, scope))]
    return Verdict(len(every), tuple(found))


def all_rules() -> list[Rule]:
    """Return every rule, in the order in which they are put."""
    return [*references.rules(), *field_rules.rules(), *sums.rules()]


def _put(rule: Rule, connection: Connection, scope: Scope | None) -> Violation | None:
    count, first = 0, []
    for only in [EVERYTHING] if scope is None else scope.parts(rule.about):
        with _readable(rule):
            for violation in rule.find(connection, only):
                count += 1
                if count <= _NAMED:
                    first.append(violation)
    return Violation(rule.name, rule.says, count, tuple(first)) if count else None


@contextmanager
def _readable(rule: Rule) -> Iterator[None]:
    """Say so when a column of a SQLite file holds what its type is not for."""
    try:
        yield
    except (ValueError, TypeError, OverflowError) as error:
        raise DataError(
            f"the rule {rule.name!r} meets a value that its column is not for"
            f" ({type(error).__name__})",
            hint="db_transfer --check names such values",
        ) from None
