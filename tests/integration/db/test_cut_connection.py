"""A connection that is cut while a request holds it costs that request nothing it has not lost."""

import pytest
from sqlalchemy import text

from backend.db.extension import db, engines


@pytest.fixture
def cut_app(app):
    @app.get("/cut")
    def cut() -> str:
        db.session.execute(text("SELECT 1"))
        engines().dialect.abandon()
        return "answered"

    return app


def test_the_answer_of_a_request_that_was_done_with_the_database_still_goes_out(cut_app):
    client = cut_app.test_client()

    answers = [client.get("/cut") for _ in range(3)]

    assert [(answer.status_code, answer.text) for answer in answers] == [(200, "answered")] * 3


def test_a_connection_that_ended_while_nobody_used_it_costs_nobody_anything(app, client) -> None:
    stranger = {"Authorization": "Bearer hp_nobody_has_this_token"}
    before = client.get("/api/v1/me", headers=stranger).status_code
    with app.app_context():
        engines().dialect.abandon()

    after = client.get("/api/v1/me", headers=stranger).status_code

    assert (before, after) == (401, 401)
