"""Signing up, logging in, and tokens."""

import pytest
from sqlalchemy import event, select
from werkzeug.security import check_password_hash

from backend.db.extension import engines
from backend.models import ApiToken
from tests.actors import PASSWORD
from tests.visitor import Visitor

DETAILS = {"email": "Ayse@Example.com", "password": "correct horse", "display_name": "Ayşe"}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_an_account_is_made_and_its_token_works(client):
    made = client.post("/api/v1/auth/signup", json=DETAILS)
    login = client.post(
        "/api/v1/auth/login", json={"email": "AYSE@example.com", "password": "correct horse"}
    )
    me = client.get("/api/v1/me", headers=bearer(login.get_json()["token"]))

    assert (made.status_code, login.status_code) == (201, 201)
    assert me.get_json()["email"] == "Ayse@Example.com"
    assert "password" not in str(made.get_json()) + str(me.get_json())


def test_signing_up_again_with_the_same_password_is_the_same_account(client):
    first = client.post("/api/v1/auth/signup", json=DETAILS)
    again = client.post("/api/v1/auth/signup", json=DETAILS | {"email": "ayse@example.com"})

    assert (again.status_code, again.headers["Idempotent-Replayed"]) == (200, "true")
    assert again.get_json() == first.get_json()


def test_an_address_is_taken_in_every_spelling(client):
    client.post("/api/v1/auth/signup", json=DETAILS | {"email": "ibrahim@example.com"})

    refused = client.post(
        "/api/v1/auth/signup",
        json=DETAILS | {"email": "İBRAHİM@EXAMPLE.COM", "password": "other one"},
    )

    assert refused.status_code == 409


def test_a_sign_up_is_refused_by_the_name_of_its_field(client):
    wrong: dict[str, object] = {
        "email": "nobody",
        "password": "seven77",
        "display_name": " ",
        # Fields that exist, but are not for a newcomer to set.
        "id": "x",
        "status": "active",
        "is_admin": True,
        "email_key": "x",
        "password_hash": "x",
    }

    answers = [client.post("/api/v1/auth/signup", json=DETAILS | {k: v}) for k, v in wrong.items()]

    assert [answer.status_code for answer in answers] == [422] * len(wrong)
    assert [answer.get_json()["errors"][0]["field"] for answer in answers] == list(wrong)


def test_a_wrong_password_and_an_unknown_address_look_alike(client, ayse):
    known = {"email": ayse.person.email, "password": "wrong password"}
    unknown = {"email": "nobody@example.com", "password": "wrong password"}

    answers = [client.post("/api/v1/auth/login", json=body) for body in (known, unknown)]

    first, second = ({**answer.get_json(), "instance": ""} for answer in answers)
    assert [answer.status_code for answer in answers] == [401, 401]
    assert first == second


def test_an_unknown_address_costs_as_much_work_as_a_known_one(client, monkeypatch):
    checked: list[str] = []

    def check(password_hash: str, password: str) -> bool:
        checked.append(password_hash)
        return check_password_hash(password_hash, password)

    monkeypatch.setattr("backend.services.passwords.check_password_hash", check)

    client.post("/api/v1/auth/login", json={"email": "no@example.com", "password": PASSWORD})
    client.post("/api/v1/auth/login", json={"email": "not an address", "password": PASSWORD})

    assert [each.split("$")[0] for each in checked] == ["scrypt:32768:8:1"] * 2


def test_a_revoked_token_is_refused_at_once(ayse):
    made = ayse.post("/api/v1/tokens", {"name": "phone"}).get_json()
    before = ayse.client.get("/api/v1/me", headers=bearer(made["token"])).status_code

    revoked = ayse.delete(f"/api/v1/tokens/{made['id']}").status_code
    after = ayse.client.get("/api/v1/me", headers=bearer(made["token"])).status_code
    listed = [token["id"] for token in ayse.get("/api/v1/tokens").get_json()["items"]]

    assert (before, revoked, after) == (200, 204, 401)
    assert made["id"] not in listed


def test_logging_out_ends_the_token_that_was_used_and_no_other(ayse):
    other = ayse.post("/api/v1/tokens", {"name": "phone"}).get_json()["token"]

    ended = ayse.post("/api/v1/auth/logout", {}).status_code

    assert ended == 204
    assert ayse.get("/api/v1/me").status_code == 401
    assert ayse.client.get("/api/v1/me", headers=bearer(other)).status_code == 200


def test_a_token_is_shown_once_and_stored_nowhere(app, ayse):
    from sqlalchemy import text

    from backend.db.extension import db

    token = ayse.post("/api/v1/tokens", {"name": "phone"}, key="k").get_json()["token"]
    replay = ayse.post("/api/v1/tokens", {"name": "phone"}, key="k")

    with app.app_context():
        rows = db.session.execute(text("SELECT token_hash FROM api_tokens")).all()
        kept = db.session.execute(text("SELECT body FROM idempotency_keys")).all()
    assert token.startswith("hp_")
    assert replay.get_json()["token"] is None
    assert token not in str(rows) + str(kept)
    assert len(rows) == 2  # the one of the actor, and this one: the replay made none


def test_a_closed_account_is_out_everywhere(app, ayse):
    from backend.db.transactions import writing
    from backend.models import User

    browser = Visitor(app)
    browser.log_in(ayse)
    assert browser.get("/groups").status_code == 200

    with app.app_context(), writing() as session:
        session.get_one(User, ayse.person.id).status = "closed"

    login = {"email": ayse.person.email, "password": PASSWORD}
    assert ayse.get("/api/v1/me").status_code == 401
    assert ayse.client.post("/api/v1/auth/login", json=login).status_code == 401
    assert browser.get("/groups").headers["Location"].startswith("/login")


def test_a_second_browser_throws_the_first_one_out_of_nothing(app, ayse):
    first, second = Visitor(app), Visitor(app)
    first.log_in(ayse)

    second.log_in(ayse)

    assert [browser.get("/groups").status_code for browser in (first, second)] == [200, 200]


def test_a_strange_credential_is_just_nobody(client):
    strange = ["Bearer ", "Bearer x", "Bearer hp_é", "Basic YTpi", "bearer", "Bearer " + "x" * 5000]

    answers = [client.get("/api/v1/me", headers={"Authorization": each}) for each in strange]

    assert [answer.status_code for answer in answers] == [401] * len(strange)
    assert {answer.headers["WWW-Authenticate"] for answer in answers} == {"Bearer"}


def test_the_use_of_a_token_is_noted_once_an_hour(ayse):
    ayse.get("/api/v1/me")
    first = ayse.get("/api/v1/tokens").get_json()["items"][0]["last_used_at"]
    second = ayse.get("/api/v1/tokens").get_json()["items"][0]["last_used_at"]

    assert first is not None
    assert first == second


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_a_token_whose_use_cannot_be_noted_works_all_the_same(app, ayse):
    with app.app_context():
        engine = engines().current()
    event.listen(engine, "begin", lambda it: it.exec_driver_sql("SET LOCAL lock_timeout='200ms'"))

    with engine.connect() as other:
        other.execute(select(ApiToken).with_for_update())
        answer = ayse.get("/api/v1/me")

    assert answer.status_code == 200
    assert ayse.get("/api/v1/tokens").get_json()["items"][0]["last_used_at"] is not None
