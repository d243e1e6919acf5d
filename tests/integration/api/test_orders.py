"""Orders: strict on the way in, exact in the balances."""

import uuid
from datetime import timedelta

import pytest

from backend.db.types import utc_now
from tests.actors import GroupOfTest

NOBODY = str(uuid.UUID(int=7))


def refusals(answer) -> list[str]:
    assert answer.status_code == 422, answer.get_data(as_text=True)
    assert answer.content_type == "application/problem+json"
    return [error["field"] for error in answer.get_json()["errors"]]


def test_equal_shares_add_up_to_the_total(flat: GroupOfTest):
    members = [flat.me, flat.add_member("Mehmet"), flat.add_member("Zeynep")]

    order = flat.add_order(*members, total="10.00")

    assert sorted(share["amount"] for share in order["shares"]) == ["3.33", "3.33", "3.34"]
    assert order["payers"] == [{"member_id": flat.me, "amount": "10.00"}]
    assert sum(round(float(each) * 100) for each in flat.balances().values()) == 0


def test_exact_shares_are_kept_as_they_are(flat):
    mehmet = flat.add_member("Mehmet")
    shares = [{"member_id": flat.me, "amount": "1.25"}, {"member_id": mehmet, "amount": "8.75"}]

    order = flat.add_order(split={"mode": "exact", "shares": shares})

    assert order["split_mode"] == "exact"
    assert flat.balances() == {"Ayşe": "8.75", "Mehmet": "-8.75"}


def test_several_members_may_pay(flat):
    mehmet = flat.add_member("Mehmet")
    payers = [{"member_id": flat.me, "amount": "4.00"}, {"member_id": mehmet, "amount": "6.00"}]

    flat.add_order(flat.me, mehmet, payers=payers)

    assert flat.balances() == {"Ayşe": "-1.00", "Mehmet": "1.00"}


def test_an_order_is_found_where_its_location_says(flat):
    made = flat.owner.post(f"{flat.path}/orders", flat.order())

    found = flat.owner.get(made.headers["Location"])

    assert found.get_json() == made.get_json()


def test_a_deleted_order_leaves_lists_and_balances(flat):
    mehmet = flat.add_member("Mehmet")
    order = flat.add_order(flat.me, mehmet)

    deleted = flat.owner.delete(f"{flat.path}/orders/{order['id']}")

    assert deleted.status_code == 204
    assert flat.owner.get(f"{flat.path}/orders").get_json()["items"] == []
    assert flat.owner.get(f"{flat.path}/orders/{order['id']}").status_code == 404
    assert flat.owner.delete(f"{flat.path}/orders/{order['id']}").status_code == 404
    assert flat.balances() == {}


def test_currencies_are_never_added_together(flat):
    mehmet = flat.add_member("Mehmet")
    flat.add_order(mehmet, total="10.00")
    flat.add_order(mehmet, total="500", currency="JPY")

    assert flat.balances("TRY") == {"Ayşe": "10.00", "Mehmet": "-10.00"}
    assert flat.balances("JPY") == {"Ayşe": "500", "Mehmet": "-500"}


def test_a_settlement_moves_the_balances(flat):
    mehmet = flat.add_member("Mehmet")
    flat.add_order(mehmet, total="10.00")
    payment = {
        "from_member_id": mehmet,
        "to_member_id": flat.me,
        "currency": "TRY",
        "amount": "4.00",
        "paid_on": "2026-11-22",
    }

    made = flat.owner.post(f"{flat.path}/settlements", payment).get_json()
    after = flat.balances()
    flat.owner.delete(f"{flat.path}/settlements/{made['id']}")

    assert after == {"Ayşe": "6.00", "Mehmet": "-6.00"}
    assert flat.balances() == {"Ayşe": "10.00", "Mehmet": "-10.00"}


MISREAD = [
    12.5, 12, "12.345", "-1", "0", "0.00", "1e2", "NaN", "1.234,50", "", None, "9" * 400, ["1"], True,
]  # fmt: skip

# What is wrong with an order, and the name of the field that says so.
WRONG: list[tuple[dict[str, object], str]] = [
    ({"currency": "XYZ"}, "currency"),
    ({"currency": "try"}, "currency"),
    ({"title": "a\x00b"}, "title"),
    ({"title": "\ud800"}, "title"),
    ({"title": "x" * 121}, "title"),
    ({"note": "x" * 1001}, "note"),
    ({"ordered_on": "22.11.2026"}, "ordered_on"),
    ({"ordered_on": "2026-02-30"}, "ordered_on"),
    ({"payers": []}, "payers"),
    ({"id": NOBODY}, "id"),
    ({"group_id": NOBODY}, "group_id"),
    ({"deleted_at": None}, "deleted_at"),
    ({"split": {"mode": "percent"}}, "split.mode"),
    ({"split": {"mode": "equal"}}, "split.members"),
    ({"split": {"mode": "exact"}}, "split.shares"),
    ({"split": {"mode": "equal", "members": [NOBODY]}}, "split"),
    ({"split": {"mode": "equal", "members": ["x"]}}, "split.members.0"),
]

# What the owner paid of 10.00, and who objects.
PAID = [
    (["9.99"], "payers"),
    (["10.01"], "payers"),
    (["5.00", "5.00"], "payers"),
    (["x"], "payers.0.amount"),
]


def test_an_amount_that_could_be_misread_is_refused(flat):
    orders = [flat.order() | {"total": total} for total in MISREAD]

    found = [refusals(flat.owner.post(f"{flat.path}/orders", order)) for order in orders]

    assert found == [["total"]] * len(MISREAD)


def test_an_order_is_refused_by_the_name_of_its_field(flat):
    orders = [flat.order() | change for change, _ in WRONG]

    found = [refusals(flat.owner.post(f"{flat.path}/orders", order)) for order in orders]

    assert found == [[field] for _, field in WRONG]
    assert flat.owner.get(f"{flat.path}/orders").get_json()["items"] == []


def test_what_was_paid_must_add_up(flat):
    paid = [[{"member_id": flat.me, "amount": each} for each in amounts] for amounts, _ in PAID]

    found = [
        refusals(flat.owner.post(f"{flat.path}/orders", flat.order(payers=payers)))
        for payers in paid
    ]

    assert found == [[field] for _, field in PAID]


def test_the_database_itself_refuses_a_member_of_another_group(app, flat):
    from sqlalchemy.exc import IntegrityError

    from backend.db.transactions import writing
    from backend.models import OrderShare

    other = flat.owner.make_group("Other")
    order = flat.add_order()
    share = OrderShare(
        order_id=uuid.UUID(order["id"]),
        member_id=uuid.UUID(other.me),
        group_id=uuid.UUID(flat.id),
        currency="TRY",
        amount=1,
    )

    with app.app_context(), pytest.raises(IntegrityError), writing() as session:
        session.add(share)


def test_a_group_can_be_renamed_and_nothing_else(flat):
    renamed = flat.owner.call("PATCH", flat.path, json={"name": "Flat 8"})
    refused = flat.owner.call("PATCH", flat.path, json={"name": "Flat 9", "currency": "EUR"})

    assert (renamed.get_json()["name"], renamed.get_json()["version"]) == ("Flat 8", 2)
    assert refusals(refused) == ["currency"]


def test_a_member_with_an_account_sees_the_group_once(flat, stranger):
    with_account = {"display_name": "Guest", "email": stranger.person.email.upper()}

    added = flat.owner.post(f"{flat.path}/members", with_account)
    again = flat.owner.post(f"{flat.path}/members", with_account)

    assert (added.status_code, again.status_code) == (201, 409)
    assert added.get_json()["has_account"] is True
    assert stranger.get(flat.path).status_code == 200


def test_an_address_without_account_is_refused(flat):
    unknown = {"display_name": "Guest", "email": "nobody@example.com"}

    assert refusals(flat.owner.post(f"{flat.path}/members", unknown)) == ["email"]


@pytest.mark.parametrize("day", ["0001-01-01", "0026-11-22", "1969-12-31", "9999-12-31"])
def test_a_day_on_which_nobody_spends_money_is_refused(flat, day):
    mehmet = flat.add_member("Mehmet")
    payment = {
        "from_member_id": mehmet,
        "to_member_id": flat.me,
        "currency": "TRY",
        "amount": "1.00",
        "paid_on": day,
    }

    order = flat.owner.post(f"{flat.path}/orders", flat.order(ordered_on=day))
    settlement = flat.owner.post(f"{flat.path}/settlements", payment)

    assert refusals(order) == ["ordered_on"]
    assert refusals(settlement) == ["paid_on"]


@pytest.mark.parametrize("ahead", [0, 366])
def test_a_bill_may_lie_ahead(flat, ahead):
    day = (utc_now().date() + timedelta(days=ahead)).isoformat()

    assert flat.add_order(ordered_on=day)["ordered_on"] == day
