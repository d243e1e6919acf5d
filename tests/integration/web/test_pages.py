"""The pages: from signing up to being even, and none of them needs JavaScript."""

import re
from contextlib import closing
from sqlite3 import connect

import pytest
from sqlalchemy import update

from backend.db import sqlite
from backend.db.transactions import writing
from backend.db.types import utc_now
from backend.models import UserSession
from tests.actors import PASSWORD
from tests.visitor import Visitor


@pytest.fixture
def visitor(app, ayse) -> Visitor:
    visitor = Visitor(app)
    visitor.log_in(ayse)
    return visitor


def text_of(page) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.get_data(as_text=True)))


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


def test_a_wrong_password_says_no_more_than_that(app, ayse):
    visitor = Visitor(app)
    form = visitor.form("/login")

    known = visitor.send(form, email=ayse.person.email, password="wrong password")
    unknown = visitor.send(form, email="nobody@example.com", password="wrong password")

    assert (known.status_code, unknown.status_code) == (422, 422)
    assert "e-mail and password do not fit" in text_of(known)
    assert ayse.person.email in known.get_data(as_text=True)
    assert "wrong password" not in known.get_data(as_text=True)


def test_the_login_leads_on_to_where_one_was_heading(app, ayse, flat):
    visitor = Visitor(app)
    wanted = f"/groups/{flat.id}?cursor=x"

    sent_away = visitor.get(wanted).headers["Location"]
    form = visitor.form(sent_away, "/login")
    onward = visitor.send(form, email=ayse.person.email, password="a few good words")

    assert onward.headers["Location"] == wanted


def test_logging_out_ends_the_session_even_for_a_copied_cookie(app, visitor):
    copy = app.test_client()
    cookie = visitor.client.get_cookie("session")
    assert cookie is not None
    copy.set_cookie("session", cookie.value)
    before = copy.get("/groups").status_code

    visitor.send(visitor.form("/groups", "/logout"))

    assert before == 200
    assert copy.get("/groups").headers["Location"].startswith("/login")
    assert visitor.get("/groups").status_code == 303


def test_a_session_ends_by_itself(app, visitor):
    with app.app_context(), writing() as session:
        session.execute(update(UserSession).values(expires_at=utc_now()))

    assert visitor.get("/groups").headers["Location"].startswith("/login")


def test_a_session_of_before_the_login_does_not_survive_it(app, ayse):
    visitor = Visitor(app)
    visitor.get("/login")
    with visitor.client.session_transaction() as session:
        session["planted"] = "by somebody else"
        planted = session["csrf_token"]

    visitor.log_in(ayse)

    with visitor.client.session_transaction() as session:
        assert "planted" not in session
        assert session.get("csrf_token") != planted


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


def end_logins(app) -> None:
    with app.app_context(), writing() as session:
        session.execute(update(UserSession).values(expires_at=utc_now()))


def test_what_was_typed_when_the_login_ended_is_there_after_the_next_one(app, ayse, visitor, flat):
    mehmet = flat.add_member("Mehmet")
    address = f"/groups/{flat.id}/orders/new"
    form = visitor.form(address)
    end_logins(app)

    asked = visitor.send(
        form, title="Dinner & tea", total="12,50", note="long\ntext", among=[flat.me, mehmet]
    )
    back = visitor.send(
        visitor.form_in(asked, "/login"), email=ayse.person.email, password=PASSWORD
    )
    shown = visitor.send(visitor.form_in(back, address))
    nothing_yet = flat.owner.get(f"{flat.path}/orders").get_json()["items"]
    sent = visitor.send(visitor.form_in(shown, address))

    assert asked.status_code == 401
    assert "what you typed is kept" in text_of(asked)
    assert nothing_yet == []
    assert 'value="Dinner &amp; tea"' in shown.get_data(as_text=True)
    assert sent.status_code == 303
    orders = flat.owner.get(f"{flat.path}/orders").get_json()["items"]
    assert [(order["title"], order["total"]) for order in orders] == [("Dinner & tea", "12.50")]
    assert len(orders[0]["shares"]) == 2


def test_what_was_typed_survives_a_wrong_password_too(app, ayse, visitor, flat):
    form = visitor.form(f"/groups/{flat.id}", f"/groups/{flat.id}/members")
    end_logins(app)
    asked = visitor.send(form, display_name="Mehmet")

    refused = visitor.send(
        visitor.form_in(asked, "/login"), email=ayse.person.email, password="wrong password"
    )
    back = visitor.send(
        visitor.form_in(refused, "/login"), email=ayse.person.email, password=PASSWORD
    )
    shown = visitor.send(visitor.form_in(back, f"/groups/{flat.id}/members"))

    assert 'value="Mehmet"' in shown.get_data(as_text=True)


def test_a_form_from_before_another_login_is_shown_again(app, ayse, visitor, flat):
    address = f"/groups/{flat.id}/orders/new"
    form = visitor.form(address)
    visitor.send(visitor.form("/groups", "/logout"))
    visitor.log_in(ayse)
    ours = {"Origin": "http://localhost"}

    stale = visitor.client.post(address, data=form.fields | {"title": "Dinner"}, headers=ours)
    shown = visitor.send(visitor.form_in(stale, address))

    assert "What you typed is still here" in text_of(stale)
    assert 'value="Dinner"' in shown.get_data(as_text=True)


def test_another_site_cannot_put_words_into_a_form(app, ayse, visitor, flat):
    address = f"/groups/{flat.id}/orders/new"
    typed = {"title": "Planted", "total": "99"}

    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {}):
        answer = visitor.client.post(address, data=typed, headers=headers)

        assert answer.status_code == 403
        assert "Planted" not in answer.get_data(as_text=True)


def test_a_draft_never_leads_to_another_site(app, ayse, visitor):
    form = Visitor(app).form("/login")
    stranger = Visitor(app)
    form = stranger.form("/login")

    answer = stranger.send(
        form, email=ayse.person.email, password=PASSWORD,
        draft_for="//evil.example/groups", **{"draft.title": "x"},
    )  # fmt: skip

    assert (answer.status_code, answer.headers["Location"]) == (303, "/groups")


@pytest.mark.parametrize(
    "address",
    ["//[", "http://[", "//evil.example", "///evil.example", "/\\evil.example", "/\t/e"],
)
def test_an_address_that_is_not_ours_is_no_way_on(app, ayse, address):
    visitor = Visitor(app)
    asked = visitor.client.get("/login", query_string={"next": address})

    answer = visitor.send(
        visitor.form_in(asked, "/login"), email=ayse.person.email, password=PASSWORD,
        draft_for=address, **{"draft.title": "x"},
    )  # fmt: skip

    assert asked.status_code == 200
    assert (answer.status_code, answer.headers["Location"]) == (303, "/groups")


def test_what_was_typed_survives_a_login_in_another_tab(app, ayse, visitor, flat):
    members = f"/groups/{flat.id}/members"
    form = visitor.form(f"/groups/{flat.id}", members)
    end_logins(app)
    asked = visitor.send(form, display_name="Mehmet")
    credentials = {"email": ayse.person.email, "password": PASSWORD}
    visitor.log_in(ayse)
    sent = visitor.form_in(asked, "/login")
    ours = {"Origin": "http://localhost"}

    stale = visitor.client.post(sent.action, data=sent.fields | credentials, headers=ours)
    planted = visitor.client.post(
        sent.action, data=sent.fields | credentials, headers={"Origin": "https://evil.example"}
    )
    back = visitor.send(visitor.form_in(stale, "/login"), **credentials)
    shown = visitor.send(visitor.form_in(back, members))

    assert (stale.status_code, planted.status_code) == (403, 403)
    assert "Mehmet" not in planted.get_data(as_text=True)
    assert 'value="Mehmet"' in shown.get_data(as_text=True)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("origin", "is_kept"), [("http://localhost", True), ("http://e", False)])
def test_what_was_typed_survives_a_database_that_does_not_answer(
    migrated, serve, monkeypatch, origin, is_kept
):
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_MS", 50)
    visitor = Visitor(serve(migrated))
    form = visitor.form("/login")
    draft = {"email": "a@example.com", "draft_for": "/groups", "draft.name": "Flat 7"}

    with closing(connect(migrated.database.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        answer = visitor.client.post("/login", data=form.fields | draft, headers={"Origin": origin})

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert ('name="draft.name" value="Flat 7"' in answer.get_data(as_text=True)) is is_kept


def test_more_fields_than_any_form_of_ours_has_are_not_carried(app):
    stranger = Visitor(app)
    form = stranger.form("/login")
    many = {f"draft.{number}": "x" for number in range(1100)}

    asked = stranger.client.post("/groups", data=form.fields | many)
    refused = stranger.send(form, email="a@example.com", password="wrong", **many)

    assert (asked.status_code, asked.headers["Location"]) == (303, "/login?next=/groups")
    assert refused.status_code == 422
    assert "draft." not in refused.get_data(as_text=True)


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
