"""Signing up and looking for accounts are limited too, and the pages say how long to wait."""

from functools import partial

from werkzeug.test import TestResponse

from backend.services import throttles
from tests.actors import PASSWORD
from tests.integration.throttles.conftest import A_MINUTE, HOME, SIGN_UP, have_failed
from tests.visitor import Visitor


def test_no_more_than_fifty_accounts_an_hour_are_made_from_one_network(app, guess) -> None:
    def sign_up(email: str) -> TestResponse:
        details = {"email": email, "password": PASSWORD, "display_name": "New"}
        where = {"REMOTE_ADDR": HOME}
        made: TestResponse = app.test_client().post(SIGN_UP, json=details, environ_base=where)
        return made

    first = sign_up("first@example.com")
    have_failed(app, 50, throttles.sign_up("203.0.113.0/24"))
    answer = sign_up("second@example.com")

    assert first.status_code == 201
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) >= A_MINUTE


def test_signing_up_with_somebodys_address_is_no_way_around_the_limit(app, ayse, guess) -> None:
    details = {"email": ayse.person.email, "password": "a wrong guess", "display_name": "New"}
    sign_up = partial(app.test_client().post, SIGN_UP, json=details)

    answers = [sign_up(environ_base={"REMOTE_ADDR": HOME}).status_code for _ in range(11)]

    assert answers == [409] * 10 + [429]
    assert guess(ayse.person.email, PASSWORD).status_code == 429


def test_looking_for_accounts_is_limited_and_adding_members_by_name_is_not(ayse, stranger) -> None:
    flat = ayse.make_group()

    def add(**member: str) -> int:
        body = {"display_name": "Somebody", **member}
        return int(ayse.post(f"{flat.path}/members", body).status_code)

    found = [add(email=stranger.person.email)]
    missed = [add(email=f"nobody{number}@example.com") for number in range(11)]

    assert found == [201]
    assert missed == [422] * 10 + [429]
    assert add() == 201


def test_a_look_up_that_succeeds_is_not_counted(ayse, new_actor) -> None:
    flat = ayse.make_group()

    answers = [
        ayse.post(
            f"{flat.path}/members",
            {"display_name": "Friend", "email": new_actor("Friend").person.email},
        ).status_code
        for _ in range(12)
    ]

    assert answers == [201] * 12


def test_the_page_says_how_long_to_wait_and_keeps_what_was_typed(app, ayse) -> None:
    visitor = Visitor(app)
    have_failed(app, 100, throttles.login(ayse.person.email, None))

    answer = visitor.log_in(ayse)

    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0
    assert "too many tries (try again in" in answer.text
    assert f'value="{ayse.person.email}"' in answer.text


def test_the_form_for_members_says_how_long_to_wait(app, ayse, flat) -> None:
    visitor = Visitor(app)
    visitor.log_in(ayse)
    page = f"/groups/{flat.id}"
    have_failed(app, 10, throttles.look_up(str(ayse.person.id), None))

    form = visitor.form(page, f"{page}/members")
    answer = visitor.send(form, display_name="Mehmet", email="nobody@example.com")

    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0
    assert "try again in" in answer.text
