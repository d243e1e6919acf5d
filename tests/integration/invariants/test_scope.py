"""A check of some groups and accounts finds in them what the whole finds, and reads nothing else."""

import sqlite3
from contextlib import closing, contextmanager

import pytest
from sqlalchemy import event, text

from backend.db.dialect import PoolOptions, dialect_for
from backend.invariants import Scope, check_rows
from backend.invariants.checks import all_invariants
from backend.invariants.invariant import Subject
from tests.integration.invariants.test_rules import BROKEN

IN_GROUPS = [
    param for param in BROKEN if not str(param.values[0]).startswith(("orphans", "replies"))
]


@contextmanager
def connected(database):
    engine = dialect_for(database, PoolOptions()).create_engine()
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def hexes(connection, query: str) -> list[str]:
    return sorted(str(one).replace("-", "") for (one,) in connection.execute(text(query)))


def seen_by_both(statement: str) -> str:
    """Leave alone the settlements that only a check of the whole looks at."""
    return (
        f"{statement} WHERE deleted_at IS NULL" if "UPDATE settlements" in statement else statement
    )


def whole_scope(connection) -> Scope:
    return Scope(
        frozenset(hexes(connection, "SELECT id FROM groups")),
        frozenset(hexes(connection, "SELECT id FROM users")),
    )


@pytest.mark.parametrize(("rule", "statement"), IN_GROUPS)
def test_a_scope_of_everything_finds_what_the_whole_finds(
    database_url, damage, rule, statement
) -> None:
    damage(seen_by_both(statement))

    with connected(database_url) as connection:
        whole = check_rows(connection).violations
        scoped = check_rows(connection, scope=whole_scope(connection)).violations

    assert rule in [one.rule for one in scoped]
    assert scoped == tuple(one for one in whole if not one.rule.startswith("orphans"))


@pytest.mark.parametrize(("rule", "statement"), IN_GROUPS)
def test_the_parts_of_everything_make_the_whole(database_url, damage, rule, statement) -> None:
    damage(seen_by_both(statement))

    with connected(database_url) as connection:
        whole = {one.rule: one.count for one in check_rows(connection).violations}
        every = whole_scope(connection)
        scopes = [
            *(Scope(groups=frozenset({one})) for one in every.groups),
            *(Scope(users=frozenset({one})) for one in every.users),
        ]
        found = [v for scope in scopes for v in check_rows(connection, scope=scope).violations]

    assert sum(one.count for one in found if one.rule == rule) == whole[rule]
    assert {one.rule for one in found} == {name for name in whole if not name.startswith("orphans")}


def test_what_is_broken_elsewhere_is_not_seen(database_url, damage) -> None:
    damage("UPDATE order_payers SET amount = amount + 1", "UPDATE users SET email = 'nobody'")

    with connected(database_url) as connection:
        report = check_rows(connection, scope=Scope())

    assert report.is_clean


def test_references_are_left_to_the_database(database_url, damage) -> None:
    references = [rule for rule in all_invariants() if rule.subject is Subject.REFERENCES]

    with connected(database_url) as connection:
        report = check_rows(connection, scope=whole_scope(connection))

    assert references
    assert report.rules == len(all_invariants()) - len(references)


def test_ids_may_be_more_than_one_statement_can_name(database_url, damage) -> None:
    damage("UPDATE order_payers SET amount = amount + 1 WHERE deleted_at IS NULL")

    with connected(database_url) as connection:
        every = whole_scope(connection)
        strangers = frozenset(f"{number:032x}" for number in range(1_700))
        narrow = check_rows(connection, scope=every)
        wide = check_rows(connection, scope=Scope(every.groups | strangers, every.users))

    assert wide == narrow


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_no_table_of_rows_is_read_from_end_to_end(database_url, damage) -> None:
    damage()
    asked: list[tuple[str, tuple[str, ...]]] = []

    with connected(database_url) as connection:
        event.listen(
            connection,
            "before_cursor_execute",
            lambda _c, _cu, sql, values, *_: asked.append((sql, values)),
        )
        one = next(iter(whole_scope(connection).groups))
        asked.clear()
        check_rows(connection, scope=Scope(frozenset({one}), frozenset()))

    with closing(sqlite3.connect(database_url.path)) as file:
        plans = [
            step[3]
            for sql, values in asked
            for step in file.execute(f"EXPLAIN QUERY PLAN {sql}", values)
        ]
    assert len(asked) > 5
    stored = ("orders", "order_payers", "order_shares", "settlements", "groups", "group_members")
    assert [
        plan for plan in plans if plan.startswith(tuple(f"SCAN {name}" for name in stored))
    ] == []
