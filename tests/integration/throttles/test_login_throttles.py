"""Nobody can go on guessing, nobody is locked out, and no answer tells who has an account."""

from datetime import timedelta

import pytest

from backend.services import throttles
from tests.actors import PASSWORD
from tests.integration.throttles.conftest import (
    A_MINUTE,
    ELSEWHERE,
    HOME,
    SIGN_UP,
    have_failed,
    network_failed,
)
from tests.visitor import Visitor


@pytest.mark.parametrize("has_account", [True, False])
def test_the_eleventh_failure_from_one_network_is_put_off(ayse, guess, has_account) -> None:
    email = ayse.person.email if has_account else "nobody@example.com"
    wrong = [guess(email).status_code for _ in range(10)]

    answer = guess(email, PASSWORD, at="203.0.113.200")

    assert wrong == [401] * 10
    assert answer.status_code == 429
    assert A_MINUTE <= int(answer.headers["Retry-After"]) <= 60
    assert answer.content_type == "application/problem+json"
    assert guess(email, at=ELSEWHERE).status_code == 401


def test_beyond_the_limit_one_try_a_minute_is_let_through(ayse, guess, pass_by) -> None:
    for _ in range(11):
        guess(ayse.person.email)

    pass_by(timedelta(seconds=61))
    once = [guess(ayse.person.email).status_code for _ in range(2)]
    pass_by(timedelta(seconds=61))
    right = guess(ayse.person.email, PASSWORD)

    assert once == [401, 429]
    assert right.status_code == 201
    assert guess(ayse.person.email).status_code == 401


@pytest.mark.parametrize(
    "step", [timedelta(minutes=30), timedelta(days=400)], ids=["half an hour", "a year"]
)
def test_a_clock_that_is_put_back_locks_nobody_out(app, ayse, guess, pass_by, step) -> None:
    for _ in range(9):
        guess(ayse.person.email)
    if step < timedelta(hours=1):
        # The first failures were in time, the last one was stamped ahead.
        pass_by(step)
    guess(ayse.person.email)

    pass_by(-step)

    assert guess(ayse.person.email, PASSWORD).status_code == 201
    assert guess(ayse.person.email, PASSWORD).status_code == 201


def test_after_an_hour_it_begins_anew(ayse, guess, pass_by) -> None:
    for _ in range(11):
        guess(ayse.person.email)

    pass_by(timedelta(hours=1))

    assert [guess(ayse.person.email).status_code for _ in range(11)] == [401] * 10 + [429]


def test_a_hundred_failures_from_anywhere_slow_an_account_but_not_at_home(app, ayse, guess) -> None:
    email = ayse.person.email
    assert guess(email, PASSWORD).status_code == 201
    have_failed(app, 100, throttles.login(email, "192.0.2.0/24"))

    strange = [guess(email, word, at=ELSEWHERE) for word in ("wrong", PASSWORD)]
    home = [guess(email, word) for word in ("wrong", PASSWORD)]

    assert [answer.status_code for answer in strange] == [429, 429]
    # A wrong password is answered as it is where nobody is at home.
    assert [answer.status_code for answer in home] == [429, 201]
    assert A_MINUTE <= int(home[0].headers["Retry-After"]) <= 60


def test_where_others_have_used_up_the_tries_no_answer_tells_who_is_at_home(
    app, ayse, guess
) -> None:
    assert guess(ayse.person.email, PASSWORD).status_code == 201
    network_failed(app, 50)

    at_home = [guess(ayse.person.email) for _ in range(12)]
    nobody = [guess("nobody@example.com") for _ in range(12)]

    assert {answer.status_code for answer in at_home + nobody} == {429}
    assert [a.get_json()["title"] for a in at_home] == [a.get_json()["title"] for a in nobody]


def test_fifty_failures_of_a_network_slow_it_and_nobody_else(app, ayse, guess) -> None:
    network_failed(app, 49)

    assert guess("nobody@example.com").status_code == 401
    assert guess(ayse.person.email, PASSWORD).status_code == 429
    assert guess(ayse.person.email, PASSWORD, at=ELSEWHERE).status_code == 201


def test_a_network_is_home_for_thirty_days(app, ayse, guess, pass_by) -> None:
    guess(ayse.person.email, PASSWORD)
    pass_by(timedelta(days=29))
    network_failed(app, 50)
    within = guess(ayse.person.email, PASSWORD)
    pass_by(timedelta(days=31))
    network_failed(app, 50)
    after = guess(ayse.person.email, PASSWORD)

    assert (within.status_code, after.status_code) == (201, 429)


def test_where_somebody_has_signed_up_they_are_at_home(app, guess) -> None:
    details = {"email": "new@example.com", "password": PASSWORD, "display_name": "New"}
    app.test_client().post(SIGN_UP, json=details, environ_base={"REMOTE_ADDR": HOME})
    network_failed(app, 50)

    assert guess("new@example.com", PASSWORD).status_code == 201


def test_a_session_that_exists_is_not_slowed(app, ayse, guess) -> None:
    visitor = Visitor(app)
    visitor.log_in(ayse)
    for _ in range(11):
        guess(ayse.person.email, at="127.0.0.1")
    have_failed(app, 100, throttles.login(ayse.person.email, None))

    assert visitor.get("/groups").status_code == 200
    assert ayse.get("/api/v1/groups").status_code == 200


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "172.18.0.1", "fd00::1"])
def test_a_private_address_is_no_network(app, ayse, guess, address) -> None:
    many = [guess(ayse.person.email, at=address).status_code for _ in range(12)]
    have_failed(app, 100, throttles.login(ayse.person.email, None))

    assert many == [401] * 12
    assert guess(ayse.person.email, PASSWORD, at=address).status_code == 429
    assert guess("nobody@example.com", at=address).status_code == 401


def test_why_there_are_no_networks_is_told_once(ayse, guess, caplog) -> None:
    for _ in range(3):
        guess(ayse.person.email, at="172.18.0.1")

    told = [record for record in caplog.records if "TRUSTED_PROXIES" in record.getMessage()]
    assert len(told) == 1
    assert told[0].fields == {"client": "172.18.0.1"}
