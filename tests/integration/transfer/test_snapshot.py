"""A target that people write to while it is compared is compared as it was at one moment."""

import json
import threading
from contextlib import closing

import psycopg

from tests.integration.migrate.conftest import Ran

# The first and the last order whose shares may be anything, with one who paid and one who owes.
ORDERS = """
    SELECT o.id::text AS "order", (SELECT min(member_id::text) FROM order_payers p
            WHERE p.order_id = o.id AND p.deleted_at IS NULL) AS payer,
        (SELECT min(member_id::text) FROM order_shares s
            WHERE s.order_id = o.id AND s.deleted_at IS NULL) AS owing
    FROM orders o WHERE o.deleted_at IS NULL AND o.split_mode = 'exact' ORDER BY o.id"""
# Whoever sees some of these, and not all, sees a rule of the app broken.
SHIFT = (
    "UPDATE orders SET total = total + %(cents)s WHERE id = %(order)s",
    "UPDATE order_payers SET amount = amount + %(cents)s WHERE order_id = %(order)s AND member_id = %(payer)s",
    "UPDATE order_shares SET amount = amount + %(cents)s WHERE order_id = %(order)s AND member_id = %(owing)s",
)
RUNS = 5


def shift(connection, order, cents) -> None:
    for statement in SHIFT:
        connection.execute(statement, {**order, "cents": cents})


def hammer(target, orders, stop: threading.Event, moved: list[int]) -> None:
    """Carry a cent from the one order to the other and back, for as long as it is wanted."""
    with closing(psycopg.connect(target.conninfo(), autocommit=True)) as connection:
        while not stop.is_set():
            for cents in (1, -1):
                with connection.transaction():
                    shift(connection, orders[0], -cents)
                    shift(connection, orders[-1], cents)
                moved.append(cents)


def test_who_verifies_never_sees_half_of_what_somebody_writes(transfer, target) -> None:
    transfer()
    with psycopg.connect(target.conninfo(), row_factory=psycopg.rows.dict_row) as connection:
        orders = connection.execute(ORDERS).fetchall()
        shift(connection, orders[0], 1)
    stop, moved = threading.Event(), list[int]()
    writer = threading.Thread(target=hammer, args=(target, orders, stop, moved))
    writer.start()

    found: list[Ran] = []
    try:
        # As many as it takes to meet the writer often enough.
        while len(found) < RUNS or len(moved) <= 10 * RUNS:
            assert writer.is_alive()
            found.append(transfer("--verify-only", "--json", "--batch-rows=20"))
    finally:
        stop.set()
        writer.join()

    # At every moment it is one of the two that has a cent more, in three tables.
    one_order = [{("orders", "total"), ("order_payers", "amount"), ("order_shares", "amount")}]
    for ran in found:
        answer = json.loads(ran.out)
        seen = [
            {(d["table"], d["column"]) for d in answer["differences"] if hexed(order) in d["key"]}
            for order in (orders[0], orders[-1])
        ]
        assert [one for one in seen if one] == one_order, answer["differences"]
        assert answer["rules"]["clean"], answer["rules"]


def hexed(order) -> str:
    return str(order["order"]).replace("-", "")
