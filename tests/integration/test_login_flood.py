"""Many logins at once: some wait, the rest is told when to come back, and nobody else is held up."""

import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path

import pytest

from backend.services import admission
from backend.services.errors import TooBusy
from tests.actors import PASSWORD, make_actor
from tests.live_server import Answer, LiveServer, serve
from tests.polling import PATIENCE, wait_for
from tests.visitor import Visitor

LOGIN = "/api/v1/auth/login"
GUESSES = 24


def post(server: LiveServer, email: str, password: str, address: str) -> Answer:
    """Log in from an address, as the stack's proxy would pass it on."""
    connection = HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    body = f'{{"email": "{email}", "password": "{password}"}}'
    headers = {"Content-Type": "application/json", "X-Forwarded-For": address}
    try:
        connection.request("POST", LOGIN, body, headers)
        return Answer.of(connection.getresponse())
    finally:
        connection.close()


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_a_flood_is_told_to_come_back_and_a_login_from_elsewhere_gets_through(
    migrated, app, tmp_path
) -> None:
    ayse = make_actor(app)

    def guess(number: int) -> Answer:
        return post(server, f"a{number}@example.com", "wrong", f"203.0.113.{number}")

    with serve(migrated.database, tmp_path, WEB_WORKERS="1", BEHIND_PROXY="true") as server:
        with ThreadPoolExecutor(GUESSES) as pool:
            guesses = [pool.submit(guess, number) for number in range(GUESSES)]
            honest = post(server, ayse.person.email, PASSWORD, "198.51.100.7")
            live = server.get("/api/live")
        answers = [future.result() for future in guesses]

    refused = [answer for answer in answers if answer.status == 503]
    assert Counter(answer.status for answer in answers).keys() == {401, 503}
    assert {answer.headers["retry-after"] for answer in refused} == {"3"}
    assert {answer.headers["content-type"] for answer in refused} == {"application/problem+json"}
    assert refused[0].json["detail"].startswith("too many people are logging in")
    assert (honest.status, live.status) == (201, 200)


@pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_all_workers_share_one_file_of_slots(migrated, tmp_path) -> None:
    with serve(migrated.database, tmp_path, WEB_WORKERS="2") as server:
        held = _held_by_workers(server.process.pid)

    assert len(set.intersection(*held)) == 1


def _held_by_workers(master: int) -> list[set[int]]:
    """Return what each worker holds: one of them answers before the other has opened anything."""

    def held() -> list[set[int]]:
        children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
        found = [_nameless_files(pid) for pid in children]
        return found if len(found) == 2 and all(found) else []

    return wait_for(held, "two workers that hold the file")


def _nameless_files(pid: str) -> set[int]:
    """Return the inodes of the deleted files of ours that a process has open."""
    found = set()
    with suppress(FileNotFoundError):  # it has closed one of them meanwhile, or has ended
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            target = str(entry.readlink())
            if "hesap-paylas-" in target and target.endswith("(deleted)"):
                found.add(entry.stat().st_ino)
    return found


@pytest.fixture
def full(app, monkeypatch) -> None:
    """The app, with no room for another login."""
    queue = app.extensions[admission.EXTENSION]
    monkeypatch.setattr(queue, "_capacity", 0)


def test_a_refused_login_is_a_problem_document_that_says_when_to_come_back(client, full) -> None:
    answer = client.post(LOGIN, json={"email": "a@example.com", "password": PASSWORD})

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "3"
    assert answer.content_type == "application/problem+json"


@pytest.mark.parametrize("page", ["/login", "/signup"])
def test_a_refused_form_comes_back_as_it_was_typed(app, full, page) -> None:
    visitor = Visitor(app)
    typed = {"email": "ayse@example.com", "password": PASSWORD, "display_name": "Ayşe"}

    answer = visitor.send(visitor.form(page), **typed)

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "3"
    assert "too many people are logging in" in answer.text
    assert 'value="ayse@example.com"' in answer.text


def test_a_login_that_waits_holds_no_connection_to_the_database(serve, migrated) -> None:
    app = serve(replace(migrated, threads=2))
    seen: list[int] = []

    class Looking(admission.Admission):
        def _wait(self, waiter):
            seen.append(engines.current().pool.checkedout())
            self._refuse(waiter)
            raise TooBusy("looked", seconds=1)

    engines = app.extensions["hesap_paylas_engines"]
    app.extensions[admission.EXTENSION].__class__ = Looking
    actor = make_actor(app)
    actor.client.post(LOGIN, json={"email": actor.person.email, "password": PASSWORD})

    assert seen == [0]
