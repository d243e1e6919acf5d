"""A database that answers nothing and closes nothing must not take the app with it."""

import signal
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from backend.db.watchdog import PROBES_BEFORE_CUTTING
from backend.migrate import upgrade
from tests.live_server import serve
from tests.polling import wait_for

THREADS = 4
STRANGER = {"Authorization": "Bearer hp_nobody_has_this_token"}


@pytest.fixture
def frozen_stack(own_postgres_server, tmp_path):
    database = own_postgres_server.new_database()
    upgrade(database)
    with serve(database, tmp_path, WEB_WORKERS="1", WEB_THREADS=str(THREADS)) as server:
        server.wait_for("/api/ready", 200)
        yield own_postgres_server, server


def test_requests_end_and_all_is_well_again_when_it_thaws(frozen_stack):
    postgres, server = frozen_stack
    assert server.get("/api/v1/me", STRANGER).status == 401

    postgres.signal_all(signal.SIGSTOP)
    # A request that the watchdog does not free has no end: whoever asked would give up, and fail.
    with ThreadPoolExecutor(THREADS * 3) as pool:
        stuck = [pool.submit(server.get, "/api/v1/me", STRANGER) for _ in range(THREADS * 3)]
        alive = [server.get("/api/live").status for _ in range(20)]
        answers = [future.result() for future in stuck]
    not_ready = server.get("/api/ready")
    unhealthy = server.get("/api/health")
    postgres.signal_all(signal.SIGCONT)

    assert {answer.status for answer in answers} == {503}
    assert all(int(answer.headers["retry-after"]) > 0 for answer in answers)
    assert {answer.headers["content-type"] for answer in answers} == {"application/problem+json"}
    assert set(alive) == {200}
    assert (not_ready.status, unhealthy.status) == (503, 503)
    server.wait_for("/api/ready", 200)
    # Another thread may still be about to find out that its connection is one of the cut ones.
    server.wait_for("/api/v1/me", 401, headers=STRANGER)


def test_a_slow_query_on_a_database_that_answers_is_left_alone(frozen_stack):
    postgres, server = frozen_stack
    # The lock makes the app's next query wait, while the database answers everybody else.
    name = server.get("/api/health").json["engine"]
    database = postgres.url.with_database(_database(postgres))
    with psycopg.connect(database.conninfo()) as other:
        other.execute("LOCK TABLE api_tokens IN ACCESS EXCLUSIVE MODE")
        with ThreadPoolExecutor(1) as pool:
            before = _sessions(postgres, database)
            waiting = pool.submit(server.get, "/api/v1/me", STRANGER)
            # Each time that the watchdog asks, it is in a session of its own.
            enough = before + 3 * PROBES_BEFORE_CUTTING
            wait_for(lambda: _sessions(postgres, database) > enough, "the watchdog to look")
            still_waiting = not waiting.done()
            other.rollback()
            status = waiting.result().status

    assert name == "postgres"
    assert still_waiting
    assert status == 401


def test_a_killed_database_is_a_503_and_comes_back_by_itself(frozen_stack):
    postgres, server = frozen_stack

    postgres.stop(signal.SIGKILL)
    down = [server.get("/api/v1/me", STRANGER).status for _ in range(10)]
    postgres.start()
    server.wait_for("/api/ready", 200)
    back = [server.get("/api/v1/me", STRANGER).status for _ in range(10)]

    assert set(down) == {503}
    assert set(back) == {401}


def _sessions(postgres, database):
    """Return how many sessions of a database there have been."""
    query = "SELECT sessions FROM pg_stat_database WHERE datname = %s"
    with psycopg.connect(postgres.url.conninfo()) as connection:
        return connection.execute(query, (database.params["dbname"],)).fetchall()[0][0]


def _database(postgres):
    with psycopg.connect(postgres.url.conninfo()) as connection:
        row = connection.execute(
            "SELECT datname FROM pg_database WHERE datname LIKE 'test\\_%'"
        ).fetchone()
    assert row is not None
    return row[0]
