"""What it is all for: a bill is shared through the front door of the production stack."""

from tests.system.person import Person
from tests.system.stack import Stack


def test_a_bill_is_shared_through_the_proxy(stack: Stack) -> None:
    ana = Person.signed_up(stack)
    group = ana.post("groups", name="Flat 7", currency="TRY")
    members = f"groups/{group['id']}/members"
    me = ana.get(members)["items"][0]["id"]
    bo = ana.post(members, display_name="Bo")["id"]

    ana.post(
        f"groups/{group['id']}/orders",
        title="Dinner",
        currency="TRY",
        total="100.01",
        ordered_on="2026-11-20",
        payers=[{"member_id": me, "amount": "100.01"}],
        split={"mode": "equal", "members": [me, bo]},
    )

    [lira] = ana.get(f"groups/{group['id']}/balances")["balances"]
    assert {row["display_name"]: row["balance"] for row in lira["members"]} in (
        {"Ana": "50.00", "Bo": "-50.00"},
        {"Ana": "50.01", "Bo": "-50.01"},  # the odd cent is drawn by lot
    )


def test_health_names_engine_color_and_schema(stack: Stack) -> None:
    health = stack.exec("app-blue", "python", "/app/healthcheck.py", "/api/health").stdout

    assert '"engine":"postgres"' in health.replace(" ", "")
    assert '"color":"blue"' in health.replace(" ", "")
    assert '"state":"ok"' in health.replace(" ", "")
