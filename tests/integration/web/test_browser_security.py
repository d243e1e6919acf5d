"""What the pages promise to the browser: CSRF, cookies, headers, assets."""

import re
from dataclasses import replace

import pytest

from tests.actors import PASSWORD
from tests.visitor import Visitor

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

OLD_KEY = "the-key-before-the-rotation-of-keys-0001"
NEW_KEY = "the-key-after-the-rotation-of-keys-00002"


def test_a_form_without_our_token_is_refused(app, ayse):
    visitor = Visitor(app)
    form = visitor.form("/login")
    without = {**form.fields, "csrf_token": []}
    forged = {**form.fields, "csrf_token": ["forged"]}

    answers = [visitor.client.post("/login", data=fields) for fields in (without, forged)]

    assert [answer.status_code for answer in answers] == [403, 403]
    assert b"Nothing was saved" in answers[0].data


def test_a_token_of_another_session_is_refused(app, ayse):
    foreign = Visitor(app).form("/login")
    visitor = Visitor(app)
    visitor.get("/login")

    answer = visitor.send(foreign, email=ayse.person.email, password=PASSWORD)

    assert answer.status_code == 403


def test_a_session_needs_a_token_for_the_api_too(app, ayse):
    visitor = Visitor(app)
    visitor.log_in(ayse)
    body = {"name": "Flat", "currency": "TRY"}
    token = visitor.get("/api/v1/me").headers["X-CSRF-Token"]

    without = visitor.client.post("/api/v1/groups", json=body)
    with_it = visitor.client.post("/api/v1/groups", json=body, headers={"X-CSRF-Token": token})

    assert (without.status_code, with_it.status_code) == (403, 201)
    assert without.content_type == "application/problem+json"


def test_a_bearer_token_is_no_login_for_pages(ayse):
    answer = ayse.get("/groups")

    assert answer.headers["Location"].startswith("/login")


def test_a_form_from_before_a_key_rotation_is_accepted_after_it(migrated, serve):
    before = serve(replace(migrated, secret_key=OLD_KEY))
    after = serve(
        replace(migrated, secret_key=NEW_KEY, secret_key_fallbacks=("older-" * 8, OLD_KEY))
    )
    forgotten = serve(replace(migrated, secret_key=NEW_KEY))
    visitor = Visitor(before)
    form = visitor.form("/signup")
    filled = {"email": "a@example.com", "password": "long enough", "display_name": "Ayşe"}
    cookie = visitor.client.get_cookie("session")
    assert cookie is not None

    statuses = []
    for app in (forgotten, after):
        client = app.test_client()
        client.set_cookie("session", cookie.value)
        statuses.append(client.post("/signup", data=form.fields | filled).status_code)

    assert statuses == [403, 303]


def test_the_cookie_is_for_us_alone(migrated, serve):
    app = serve(replace(migrated, public_url="https://bill.example.org"))

    answer = app.test_client().get("/login", base_url="https://bill.example.org")

    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-session=")
    for part in ("Secure", "HttpOnly", "Path=/", "SameSite=Lax"):
        assert part in cookie
    assert "Domain" not in cookie
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


@pytest.mark.parametrize(
    ("headers", "status", "reason"),
    [
        ({}, 403, "does not tell which site"),
        ({"Origin": "null"}, 403, "does not tell which site"),
        ({"Referer": "https://evil.example/"}, 403, "a page of another site"),
        ({"Referer": "http://bill.example.org/signup"}, 403, "a page of another site"),
        ({"Origin": "https://evil.example"}, 403, "a page of another site"),
        ({"Origin": "https://["}, 403, "a page of another site"),
        ({"Referer": "https://[evil/"}, 403, "a page of another site"),
        ({"Sec-Fetch-Site": "same-site"}, 403, "a page of another site"),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "null"}, 403, "a page of another site"),
        ({"Referer": "https://bill.example.org/signup"}, 303, ""),
        ({"Origin": "https://bill.example.org"}, 303, ""),
        ({"Origin": "null", "Sec-Fetch-Site": "same-origin"}, 303, ""),
    ],
)
def test_a_secure_site_takes_forms_from_its_own_pages_only(
    migrated, serve, headers, status, reason
):
    app = serve(replace(migrated, public_url="https://bill.example.org"))
    visitor = Visitor(app)
    form = visitor.form("/signup")
    filled = {"email": "a@example.com", "password": "long enough", "display_name": "Ayşe"}

    answer = visitor.client.post("/signup", data=form.fields | filled, headers=headers)

    assert answer.status_code == status
    assert reason in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    "path",
    ["/login", "/nothing", "/api/live", "/api/v1/me", "/api/openapi.json", "/static/style.css"],
)
def test_every_answer_carries_the_headers(client, path):
    with client.get(path) as answer:
        headers = answer.headers

    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    # A page that was kept would be shown to whoever presses "back" after a logout.
    assert headers["Cache-Control"] == ("no-cache" if "/static/" in path else "no-store")


def test_assets_may_be_kept_and_old_addresses_go_on_working(client):
    page = client.get("/login").get_data(as_text=True)
    address = re.search(r'href="(/static/style.css\?v=\w+)"', page)
    assert address is not None

    with client.get(address[1]) as now, client.get("/static/style.css?v=old") as old:
        assert now.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert (old.status_code, old.headers["Cache-Control"]) == (200, "no-cache")
        assert old.data == now.data
    with client.get("/static/../web/forms.py") as outside:
        assert outside.status_code == 404
