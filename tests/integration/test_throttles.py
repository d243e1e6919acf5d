"""Nobody can go on guessing, nobody is locked out, and no answer tells who has an account."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from functools import partial

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.security import generate_password_hash
from werkzeug.test import TestResponse

from backend.db.extension import db
from backend.db.transactions import writing
from backend.models import Throttle
from backend.services import admission, passwords, throttle_rows, throttles
from backend.services.errors import TooManyTries
from backend.services.throttles import Failures
from tests.actors import PASSWORD
from tests.visitor import Visitor

LOGIN = "/api/v1/auth/login"
SIGN_UP = "/api/v1/auth/signup"
HOME = "203.0.113.5"
ELSEWHERE = "198.51.100.9"


@pytest.fixture(autouse=True)
def quick(monkeypatch) -> None:
    """What is computed for an address without an account, at the price of the tests' accounts."""
    cheap = generate_password_hash("nobody", method="scrypt:1024:8:1")
    monkeypatch.setattr(passwords, "_nobody", lambda: cheap)


@pytest.fixture
def guess(app: Flask) -> Callable[..., TestResponse]:
    """Log in from an address."""

    def post(email: str, word: str = "wrong password", at: str = HOME) -> TestResponse:
        body = {"email": email, "password": word}
        return app.test_client().post(LOGIN, json=body, environ_base={"REMOTE_ADDR": at})

    return post


@pytest.fixture
def pass_by(app: Flask) -> Callable[[timedelta], None]:
    """Let time pass: every row becomes so much older."""

    def age(time: timedelta) -> None:
        with app.app_context(), writing() as session:
            for row in session.scalars(select(Throttle)):
                row.since, row.tried_at = row.since - time, row.tried_at - time
                row.expires_at -= time
                row.logged_in_at = row.logged_in_at and row.logged_in_at - time

    return age


def have_failed(app: Flask, times: int, attempt: throttles.ThrottleAttempt) -> None:
    """Let what an attempt shares with others, or else its own counter, stand at so many."""
    with app.app_context():
        throttles.begin(attempt)
        with writing():
            rows = throttle_rows.find(attempt.action, [*(attempt.others or attempt.own)])
            for row in rows.values():
                row.failures = times


def network_failed(app: Flask, times: int) -> None:
    """Let so many tries from home have failed, at nobody's account."""
    have_failed(app, times, throttles.login("nobody", "203.0.113.0/24"))


@pytest.mark.parametrize("has_account", [True, False])
def test_the_eleventh_failure_from_one_network_is_put_off(ayse, guess, has_account) -> None:
    email = ayse.person.email if has_account else "nobody@example.com"
    wrong = [guess(email).status_code for _ in range(10)]

    answer = guess(email, PASSWORD, at="203.0.113.200")

    assert wrong == [401] * 10
    assert answer.status_code == 429
    assert 55 <= int(answer.headers["Retry-After"]) <= 60
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
    assert int(home[0].headers["Retry-After"]) > 55


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
    wish = {"email": "new@example.com", "password": PASSWORD, "display_name": "New"}
    app.test_client().post(SIGN_UP, json=wish, environ_base={"REMOTE_ADDR": HOME})
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


def test_many_tries_at_once_are_counted_one_by_one(app) -> None:
    attempt = throttles.login("ayse@example.com", "203.0.113.0/24")

    def begin(_number: int) -> bool:
        with app.app_context(), suppress(TooManyTries):
            throttles.begin(attempt)
            return True
        return False

    with ThreadPoolExecutor(8) as pool:
        admitted = list(pool.map(begin, range(24)))

    assert Counter(admitted) == {True: 10, False: 14}


def test_a_login_that_succeeds_is_counted_against_nobody(app, ayse, guess) -> None:
    right = guess(ayse.person.email, PASSWORD).status_code

    with app.app_context():
        counted = db.session.scalars(select(Throttle.failures)).all()

    assert right == 201
    assert set(counted) == {0}


def test_no_more_than_fifty_accounts_an_hour_are_made_from_one_network(app, guess) -> None:
    def sign_up(email: str) -> TestResponse:
        wish = {"email": email, "password": PASSWORD, "display_name": "New"}
        where = {"REMOTE_ADDR": HOME}
        made: TestResponse = app.test_client().post(SIGN_UP, json=wish, environ_base=where)
        return made

    first = sign_up("first@example.com")
    have_failed(app, 50, throttles.sign_up("203.0.113.0/24"))
    answer = sign_up("second@example.com")

    assert first.status_code == 201
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 55


def test_signing_up_with_somebodys_address_is_no_way_around_the_limit(app, ayse, guess) -> None:
    wish = {"email": ayse.person.email, "password": "a wrong guess", "display_name": "New"}
    sign_up = partial(app.test_client().post, SIGN_UP, json=wish)

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


def test_what_has_expired_is_removed(app, guess, pass_by) -> None:
    for number in range(5):
        guess(f"nobody{number}@example.com")

    pass_by(timedelta(hours=2))

    assert _rows_after_tidying(app) == 0


def test_there_are_never_more_rows_than_a_bound(app, monkeypatch) -> None:
    monkeypatch.setattr(throttle_rows, "MOST_ROWS", 7)
    with app.app_context():
        for number in range(10):
            throttles.begin(throttles.login(f"account {number}", "203.0.113.0/24"))

    assert _rows_after_tidying(app) == 7


def _rows_after_tidying(app: Flask) -> int:
    with app.app_context():
        throttle_rows.tidy()
        return db.session.scalar(select(func.count()).select_from(Throttle)) or 0


def test_networks_where_somebody_has_logged_in_are_known_to_the_queue(app, ayse, guess) -> None:
    guess("nobody@example.com", at=ELSEWHERE)
    guess(ayse.person.email, PASSWORD)

    with app.app_context():
        assert throttle_rows.homes() == {"203.0.113.0/24"}


def test_what_has_failed_is_known_to_the_queue_of_every_process(app, ayse, guess) -> None:
    """Counted where all of them see it, and at most what the network itself has done."""
    seen: list[Failures] = []

    class Recording(admission.Admission):
        def _enter(self, origin, failures):
            seen.append(failures)
            return super()._enter(origin, failures)

    guess("nobody@example.com")
    guess(ayse.person.email)
    app.extensions[admission.EXTENSION].__class__ = Recording
    guess(ayse.person.email)
    guess(ayse.person.email, at=ELSEWHERE)
    guess(ayse.person.email, at="127.0.0.1")

    at_home, elsewhere, unknown = seen
    assert (at_home.of_network, at_home.own) == (2, 1)
    assert (elsewhere.of_network, elsewhere.own) == (0, 0)
    # Where nobody has a network only the account's own counter is left.
    assert (unknown.of_network, unknown.own) == (3, 3)


def test_neither_address_nor_password_is_kept(app, ayse, guess) -> None:
    guess(ayse.person.email)

    with app.app_context():
        rows = db.session.execute(select(Throttle.account, Throttle.network)).all()

    assert {len(account) for account, _ in rows} == {0, 64}
    assert {network for _, network in rows} == {"", "203.0.113.0/24"}
