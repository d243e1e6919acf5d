"""What a request costs: so many statements, however much the database holds."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from sqlalchemy import Engine, event

from backend.db.extension import engines
from tests.actors import GroupOfTest

# Two of each are who is asking, and whether the group is theirs.
STATEMENTS = {
    "balances": 4,
    "orders?limit=50": 5,
    "members": 3,
    "settlements": 3,
}
ADDING_AN_ORDER = 7
DOING_IT_ONCE = 4


@contextmanager
def statements() -> Iterator[list[str]]:
    """Collect what is sent to any database."""
    sent: list[str] = []

    def note(_connection, _cursor, statement: str, *_: object) -> None:
        sent.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def count(group: GroupOfTest) -> dict[str, int]:
    found = {}
    for path in STATEMENTS:
        with statements() as sent:
            assert group.owner.get(f"{group.path}/{path}").status_code == 200
        found[path] = len([each for each in sent if not each.startswith("BEGIN")])
    return found


def test_reading_takes_as_many_statements_for_a_full_group_as_for_an_empty_one(flat):
    flat.owner.get("/api/v1/me")  # the first use of a token is noted
    empty = count(flat)
    members = [flat.me, *(flat.add_member(name) for name in "abc")]
    for number in range(20):
        flat.add_order(*members, total=f"{number + 1}.00")

    assert empty == STATEMENTS | {"orders?limit=50": 3}
    assert count(flat) == STATEMENTS


def test_adding_an_order_takes_as_many_statements_with_thirty_members_as_with_one(flat):
    flat.owner.get("/api/v1/me")
    members = [flat.me, *(flat.add_member(str(number)) for number in range(30))]
    counts = []
    for among, key in (([flat.me], None), (members, None), (members, "k")):
        with statements() as sent:
            flat.owner.post(f"{flat.path}/orders", flat.order(*among), key=key)
        counts.append(len([each for each in sent if not each.startswith("BEGIN")]))

    assert counts == [ADDING_AN_ORDER, ADDING_AN_ORDER, ADDING_AN_ORDER + DOING_IT_ONCE]


def test_balances_are_read_from_covering_indexes_of_the_group(app: Flask, flat: GroupOfTest):
    flat.add_order()
    with statements() as sent:
        flat.owner.get(f"{flat.path}/balances")

    plan = explain(app, sent[-1], flat.id)

    assert "ix_order_payers_balance" in plan
    assert "ix_order_shares_balance" in plan
    assert "ix_settlements_sent" in plan
    assert "ix_settlements_received" in plan
    assert plan.count("COVERING INDEX") + plan.count("Index Only Scan") == 4


def explain(app: Flask, statement: str, group_id: str) -> str:
    """Return the plan of a statement whose parameters are labels and the group."""
    with app.app_context(), engines().current().connect() as connection:
        if connection.dialect.name == "postgresql":
            # With a handful of rows it would rightly read the whole table.
            connection.exec_driver_sql("SET enable_seqscan = off")
            connection.exec_driver_sql("SET enable_bitmapscan = off")
            explained = f"EXPLAIN {statement}"
            names = re.findall(r"%\((\w+)\)s", statement)
            values: Any = {name: group_id if "group_id" in name else "x" for name in names}
        else:
            explained = f"EXPLAIN QUERY PLAN {statement}"
            values = tuple("x" for _ in range(statement.count("?")))
        rows = connection.exec_driver_sql(explained, values)
        return "\n".join(str(row) for row in rows)
