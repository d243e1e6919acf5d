"""Logging in from somewhere, often, and letting time pass."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.security import generate_password_hash
from werkzeug.test import TestResponse

from backend.db.transactions import writing
from backend.models import Throttle
from backend.services import passwords, throttle_rows, throttles

LOGIN = "/api/v1/auth/login"

SIGN_UP = "/api/v1/auth/signup"

HOME = "203.0.113.5"

ELSEWHERE = "198.51.100.9"

# Of the minute that a try is put off, a busy machine may have taken some.
A_MINUTE = 30


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
