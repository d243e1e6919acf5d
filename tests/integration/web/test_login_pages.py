"""Logging in and out at a browser, and where it leads."""

import pytest
from sqlalchemy import update

from backend.db.transactions import writing
from backend.db.types import utc_now
from backend.models import UserSession
from tests.actors import PASSWORD
from tests.visitor import Visitor, text_of


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
