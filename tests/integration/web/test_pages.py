"""The pages: from signing up to being even, and none of them needs JavaScript."""

import re
from time import time

import pytest
from itsdangerous import TimestampSigner

from tests.visitor import Visitor, text_of


def test_a_newcomer_signs_up_and_shares_a_bill(app):
    visitor = Visitor(app)

    signed_up = visitor.send(
        visitor.form("/signup"), email="a@example.com", password="long enough", display_name="Ayşe"
    )
    made = visitor.send(visitor.form("/groups"), name="Flat 7", currency="TRY")
    group = made.headers["Location"]
    added = visitor.send(visitor.form(group, f"{group}/members"), display_name="Mehmet")
    ordered = visitor.send(visitor.form(f"{group}/orders/new"), title="Dinner", total="12,50")
    page = visitor.get(group)

    answers = (signed_up, made, added, ordered)
    assert [answer.status_code for answer in answers] == [303] * 4
    assert "Order added." in text_of(page)
    assert "₺12.50" in text_of(page)
    assert "You get back ₺6.25" in text_of(page)


def test_a_payment_evens_the_balances(visitor, flat):
    mehmet = flat.add_member("Mehmet")
    flat.add_order(mehmet, total="10.00")
    page = f"/groups/{flat.id}"

    paid = visitor.send(
        visitor.form(page, f"{page}/settlements"),
        from_member_id=mehmet,
        to_member_id=flat.me,
        amount="10",
    )

    assert paid.status_code == 303
    assert flat.balances() == {"Ayşe": "0.00", "Mehmet": "0.00"}
    assert "Mehmet → Ayşe" in text_of(visitor.get(page))


def test_exact_shares_and_a_refusal_that_keeps_what_was_typed(visitor, flat):
    mehmet = flat.add_member("Mehmet")
    form = visitor.form(f"/groups/{flat.id}/orders/new")
    values = {"title": "Dinner & tea", "total": "10", "split_mode": "exact", f"share-{mehmet}": "4"}

    refused = visitor.send(form, **values)
    accepted = visitor.send(form, **values | {f"share-{flat.me}": "6,00"})

    assert refused.status_code == 422
    assert "adds up to 4.00, the total is 10.00" in text_of(refused)
    assert 'value="Dinner &amp; tea"' in refused.get_data(as_text=True)
    assert accepted.status_code == 303
    assert flat.balances() == {"Ayşe": "4.00", "Mehmet": "-4.00"}


def test_an_amount_that_can_be_read_in_two_ways_is_asked_about(visitor, flat):
    form = visitor.form(f"/groups/{flat.id}/orders/new")

    refused = visitor.send(form, title="Dinner", total="25,000", currency="KWD")
    accepted = visitor.send(form, title="Dinner", total="25,1250", currency="KWD")

    assert refused.status_code == 422
    assert "write it like 25000, or like 25.0" in text_of(refused)
    assert 'value="25,000"' in refused.get_data(as_text=True)
    assert accepted.status_code == 303
    assert flat.owner.get(f"{flat.path}/orders").get_json()["items"][0]["total"] == "25.125"


def test_a_form_that_is_sent_twice_makes_one_order(visitor, flat):
    form = visitor.form(f"/groups/{flat.id}/orders/new")

    answers = [visitor.send(form, title="Dinner", total="10") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [303, 303]
    assert len({answer.headers["Location"] for answer in answers}) == 1
    assert len(flat.owner.get(f"{flat.path}/orders").get_json()["items"]) == 1


def test_the_same_form_with_a_younger_token_against_forgery_is_still_the_same(
    visitor, flat, monkeypatch
):
    page = f"/groups/{flat.id}/orders/new"
    form = visitor.form(page)
    visitor.send(form, title="Dinner", total="10")
    # Tokens of one second are alike.
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _: int(time()) + 60)
    younger = visitor.form(page).fields["csrf_token"]

    again = visitor.send(form, title="Dinner", total="10", csrf_token=younger)

    assert younger != form.fields["csrf_token"]
    assert again.status_code == 303
    assert len(flat.owner.get(f"{flat.path}/orders").get_json()["items"]) == 1


def test_a_form_that_could_run_twice_is_not_taken(visitor, flat):
    form = visitor.form(f"/groups/{flat.id}/orders/new")

    refused = visitor.send(form, title="Dinner", total="10", once="")

    assert refused.status_code == 400
    assert flat.owner.get(f"{flat.path}/orders").get_json()["items"] == []


def test_a_form_that_is_sent_again_with_changes_asks_first(visitor, flat):
    form = visitor.form(f"/groups/{flat.id}/orders/new")
    visitor.send(form, title="Dinner", total="10")

    changed = visitor.send(form, title="Dinner", total="11")

    assert changed.status_code == 422
    assert "You have sent this form before" in text_of(changed)
    assert 'value="11"' in changed.get_data(as_text=True)
    assert len(flat.owner.get(f"{flat.path}/orders").get_json()["items"]) == 1


def test_an_order_can_be_taken_back(visitor, flat):
    order = flat.add_order()
    page = f"/groups/{flat.id}"

    removed = visitor.send(visitor.form(page, f"{page}/orders/{order['id']}/delete"))

    assert removed.status_code == 303
    assert flat.owner.get(f"{flat.path}/orders").get_json()["items"] == []


def test_older_orders_are_a_link_away(visitor, flat):
    for number in range(21):
        flat.add_order(title=f"Order {number}.")

    first = visitor.get(f"/groups/{flat.id}").get_data(as_text=True)
    found = re.search(r'href="([^"]+)">Older orders', first)
    assert found is not None
    second = visitor.get(found[1]).get_data(as_text=True)

    assert "Order 1." in first
    assert "Order 0." not in first
    assert "Order 0." in second
    assert "Older orders" not in second


def test_what_people_type_is_never_markup(visitor, flat):
    evil = "<script>alert(1)</script>\"'>"
    flat.add_member(evil)
    flat.add_order(title=evil, note=evil)

    page = visitor.get(f"/groups/{flat.id}").get_data(as_text=True)
    form = visitor.get(f"/groups/{flat.id}/orders/new").get_data(as_text=True)

    assert "<script>" not in page + form
    assert "&lt;script&gt;" in page


def test_errors_are_pages_too(visitor, monkeypatch):
    from backend.errors import TransientError
    from backend.services import groups

    def gone(*_: object) -> None:
        raise TransientError("the database does not answer")

    missing = visitor.get("/nothing")
    monkeypatch.setattr(groups, "page_of", gone)
    unavailable = visitor.get("/groups")

    assert (missing.status_code, unavailable.status_code) == (404, 503)
    assert "Nothing here" in text_of(missing)
    assert "One moment, please" in text_of(unavailable)
    assert int(unavailable.headers["Retry-After"]) > 0
    assert missing.headers["X-Request-ID"] in text_of(missing)


@pytest.mark.parametrize("what", ["members", "settlements"])
def test_the_address_of_a_refused_form_can_be_loaded_again(visitor, flat, what):
    flat.add_member("Mehmet")
    page = f"/groups/{flat.id}"
    refused = visitor.send(visitor.form(page, f"{page}/{what}"), display_name="", amount="x")

    again = visitor.get(f"{page}/{what}")

    assert refused.status_code == 422
    assert (again.status_code, again.headers["Location"]) == (303, page)


def test_a_refusal_is_where_the_browser_goes(visitor, flat):
    refused = visitor.send(visitor.form(f"/groups/{flat.id}/orders/new"), title="x", total="?")

    assert re.search(r'<p class="refusal"[^>]* autofocus', refused.get_data(as_text=True))
