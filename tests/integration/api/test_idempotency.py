"""A request that is sent twice is carried out once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import event, func, insert, select, update

from backend.db.extension import db, engines
from backend.db.transactions import writing
from backend.db.types import utc_now
from backend.models import IdempotencyKey, Order
from backend.services.idempotency import KEPT
from tests.actors import Actor


def orders_in_database(app) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(Order)) or 0


def test_the_same_key_with_the_same_body_gives_the_stored_reply(app, flat):
    body = flat.order()

    first = flat.owner.post(f"{flat.path}/orders", body, key="k")
    again = flat.owner.post(f"{flat.path}/orders", body, key="k")

    assert (first.status_code, again.status_code) == (201, 201)
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.headers["Location"] == first.headers["Location"]
    assert again.get_data() == first.get_data()
    assert orders_in_database(app) == 1


def test_the_same_key_with_another_request_is_refused(app, flat):
    flat.owner.post(f"{flat.path}/orders", flat.order(), key="k")

    other_body = flat.owner.post(f"{flat.path}/orders", flat.order(total="2.00"), key="k")

    assert other_body.status_code == 422
    assert other_body.get_json()["errors"][0]["field"] == "Idempotency-Key"
    assert orders_in_database(app) == 1


def test_the_same_key_and_body_at_another_address_are_refused(flat):
    other = flat.owner.make_group("Other")
    body = {"display_name": "Mehmet"}
    flat.owner.post(f"{flat.path}/members", body, key="k")

    refused = flat.owner.post(f"{other.path}/members", body, key="k")

    assert refused.status_code == 422
    assert refused.get_json()["errors"][0]["field"] == "Idempotency-Key"


def test_a_refused_request_leaves_its_key_free(app, flat):
    refused = flat.owner.post(f"{flat.path}/orders", flat.order(title=" "), key="k")

    accepted = flat.owner.post(f"{flat.path}/orders", flat.order(), key="k")

    assert (refused.status_code, accepted.status_code) == (422, 201)
    assert orders_in_database(app) == 1


def test_a_key_belongs_to_one_account(app, flat, stranger):
    other = stranger.make_group()

    first = flat.owner.post(f"{flat.path}/orders", flat.order(), key="k")
    second = stranger.post(f"{other.path}/orders", other.order(), key="k")

    assert (first.status_code, second.status_code) == (201, 201)
    assert "Idempotent-Replayed" not in second.headers


def test_of_two_at_once_both_get_the_same_reply_and_there_is_one_order(app, flat):
    body = flat.order()

    def send(_number: int) -> tuple[int, bytes]:
        same_person = Actor(app, flat.owner.person, flat.owner.token)
        answer = same_person.post(f"{flat.path}/orders", body, key="k")
        return answer.status_code, answer.get_data()

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(send, range(8)))

    assert len(answers) == 1
    assert {status for status, _ in answers} == {201}
    assert orders_in_database(app) == 1


def test_a_key_is_forgotten_after_a_day(app, flat):
    flat.owner.post(f"{flat.path}/orders", flat.order(), key="k")
    with app.app_context(), writing() as session:
        long_ago = utc_now() - KEPT - timedelta(minutes=1)
        session.execute(update(IdempotencyKey).values(created_at=long_ago))

    again = flat.owner.post(f"{flat.path}/orders", flat.order(total="2.00"), key="k")

    assert again.status_code == 201
    assert orders_in_database(app) == 2


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_while_the_first_one_is_running_a_second_one_is_told_so(app, flat):
    row = {"user_id": flat.owner.person.id, "key": "k", "fingerprint": "0" * 64}
    with app.app_context():
        engine = engines().current()
        # As in the stack, where the role of the app has it.
        event.listen(engine, "begin", lambda it: it.exec_driver_sql("SET LOCAL lock_timeout='1s'"))
        with engine.connect() as first:
            first.execute(insert(IdempotencyKey).values(row))

            refused = flat.owner.post(f"{flat.path}/orders", flat.order(), key="k")

    accepted = flat.owner.post(f"{flat.path}/orders", flat.order(), key="k")

    assert refused.status_code == 409
    assert "still running" in refused.get_json()["detail"]
    assert accepted.status_code == 201
