"""What is counted, for how long it is kept, and who reads it."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

from flask import Flask
from sqlalchemy import func, select

from backend.db.extension import db
from backend.models import Throttle
from backend.services import admission, throttle_rows, throttles
from backend.services.errors import TooManyTries
from backend.services.throttles import Failures
from tests.actors import PASSWORD
from tests.integration.throttles.conftest import ELSEWHERE


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
