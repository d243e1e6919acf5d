"""What was typed when the login had ended is there after the next one, and for nobody else."""

from contextlib import closing
from sqlite3 import connect

import pytest
from sqlalchemy import update

from backend.db import sqlite
from backend.db.transactions import writing
from backend.db.types import utc_now
from backend.models import UserSession
from tests.actors import PASSWORD
from tests.visitor import Visitor, text_of


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
