"""What a process says of itself: whether it may get traffic, and whether its database answers."""

from threading import Event

import pytest
from sqlalchemy import update

from backend.db.schema_state import NEEDS_EXPAND, TOLERATES_CONTRACT, SchemaState
from backend.db.transactions import writing
from backend.request import drain

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_a_process_that_has_been_told_to_stop_asks_for_no_more(client, monkeypatch) -> None:
    told_to_stop = Event()
    told_to_stop.set()
    monkeypatch.setattr(drain, "_draining", told_to_stop)

    answers = [client.get(f"/api/{what}") for what in ("ready", "live")]

    assert [answer.status_code for answer in answers] == [503, 200]
    assert answers[0].get_json()["reason"].startswith("draining")


@pytest.mark.parametrize(
    ("levels", "state"),
    [
        pytest.param({"expand_level": NEEDS_EXPAND - 1}, "behind", id="behind"),
        pytest.param({"contract_level": TOLERATES_CONTRACT + 1}, "contracted", id="contracted"),
    ],
)
def test_a_schema_that_does_not_fit_gets_no_traffic(app, client, levels, state) -> None:
    with app.app_context(), writing() as session:
        session.execute(update(SchemaState).values(levels))

    ready, health = client.get("/api/ready"), client.get("/api/health")

    assert (ready.status_code, health.status_code) == (503, 200)
    assert f"the schema is {state}" in ready.get_json()["reason"]


def test_a_database_that_is_not_there_is_not_one_without_a_schema(serve, settings) -> None:
    gone = serve(settings).test_client().get("/api/health")
    settings.database.path.touch()
    empty = serve(settings).test_client().get("/api/health")

    assert (gone.status_code, gone.get_json()["status"]) == (503, "unavailable")
    assert (empty.status_code, empty.get_json()["schema"]["state"]) == (200, "missing")
