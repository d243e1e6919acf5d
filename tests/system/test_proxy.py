"""The proxy: what it lets through, what it says, and what it keeps to itself."""

import json
import resource
import socket
import time
from contextlib import ExitStack, closing
from hashlib import sha256
from http.client import HTTPConnection, HTTPResponse

import pytest

from benchmarks.swap_drill.control import proxy_of
from deploy.rollout.route import Color
from tests.polling import wait_for
from tests.system.person import Person
from tests.system.stack import Stack, docker


def ask(stack: Stack, path: str, method: str = "GET", **headers: str) -> tuple[HTTPResponse, str]:
    """Ask through the proxy; return the answer and its text."""
    connection = HTTPConnection("127.0.0.1", stack.port, timeout=60)
    try:
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        return response, response.read().decode()
    finally:
        connection.close()


def test_the_configuration_is_valid_and_nothing_in_it_is_outdated(built: Stack) -> None:
    cage = ("--rm", "--network", "none", "--read-only", "--cap-drop", "ALL")
    check = ("-c", "-f", "/usr/local/etc/haproxy/haproxy.cfg")

    # -dW: a warning is an error.
    docker("run", *cage, f"{built.name}-proxy:3.0", "-dW", *check)


def test_no_answer_tells_what_made_it(stack: Stack) -> None:
    for path in ("/login", "/metrics", "/no-such-page"):
        response, _ = ask(stack, path)

        assert response.getheader("Server") is None
        assert response.getheader("X-Powered-By") is None


@pytest.mark.parametrize("path", ["/metrics", "/METRICS", "/metrics/x"])
def test_counters_are_nobodys_business(stack: Stack, path: str) -> None:
    assert ask(stack, path)[0].status == 404


def test_a_body_that_is_announced_as_huge_is_refused_before_it_is_sent(stack: Stack) -> None:
    response, _ = ask(stack, "/login", "POST", **{"Content-Length": str(11 * 1024 * 1024)})

    assert response.status == 413


def test_a_login_that_is_put_off_reaches_people_as_the_app_said_it(stack: Stack) -> None:
    account = sha256(b"guessed@example.com").hexdigest()
    stack.sql(
        "INSERT INTO throttles (action, account, network, failures, since, tried_at, expires_at)"
        f" VALUES ('login', '{account}', '', 100, now(), now(), now() + interval '1 hour')"
    )
    connection = HTTPConnection("127.0.0.1", stack.port, timeout=60)
    login = json.dumps({"email": "guessed@example.com", "password": "not this one"})

    connection.request("POST", "/api/v1/auth/login", login, {"Content-Type": "application/json"})
    response = connection.getresponse()
    problem = json.loads(response.read())
    connection.close()

    assert response.status == 429
    assert 0 < int(response.headers["Retry-After"]) <= 60
    assert problem["detail"].startswith("too many tries")
    wait_for(lambda: '"message": "login throttled"' in stack.logs("app-blue"), "the refusal's line")


def test_without_any_release_people_get_a_page_and_programs_get_json(own_stack: Stack) -> None:
    own_stack.compose("stop", "--timeout", "3", "app-blue", "app-green")
    try:
        page, text = ask(
            own_stack, "/login?token=not-for-the-log", Cookie="session=not-for-the-log"
        )
        # As soon as the name server has forgotten both colours, nobody is even asked.
        wait_for(lambda: "problem" in kind_of(ask(own_stack, "/api/v1/groups")[0]), "JSON")
        answer, body = ask(own_stack, "/api/v1/groups", Authorization="Bearer not-for-the-log")
    finally:
        own_stack.compose("start", "app-blue", "app-green")
        own_stack.wait_ready()

    assert (page.status, page.getheader("Retry-After")) == (503, "5")
    assert "Back in a moment" in text
    assert (answer.status, answer.getheader("Retry-After")) == (503, "2")
    assert json.loads(body)["status"] == 503
    log = own_stack.logs("proxy")
    assert '"path": "/login"' in log
    assert "not-for-the-log" not in log


def kind_of(response: HTTPResponse) -> str:
    return response.getheader("Content-Type") or ""


def test_a_request_that_dribbles_in_is_cut_off(stack: Stack) -> None:
    with socket.create_connection(("127.0.0.1", stack.port), timeout=30) as slow:
        slow.sendall(b"GET /login HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")

        said = slow.recv(4096)

    assert said.startswith(b"HTTP/1.1 408 ")


def test_idle_connections_leave_half_of_the_places_to_newcomers(stack: Stack) -> None:
    with ExitStack() as held:
        # Its own number of files, and each connection is one.
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
        held.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        idle = [held.enter_context(closing(idle_connection(stack))) for _ in range(1100)]
        open_ones = [connection for connection in idle if connection.sock is not None]

        assert 900 < len(open_ones) <= 1001
        assert stack.status("/api/live") == 200


def idle_connection(stack: Stack) -> HTTPConnection:
    """Ask for something that the proxy answers itself, and keep the connection if we may."""
    connection = HTTPConnection("127.0.0.1", stack.port, timeout=60)
    connection.request("GET", "/metrics")
    connection.getresponse().read()
    return connection


def test_the_runtime_socket_is_inside_and_cannot_do_everything(stack: Stack) -> None:
    script = (
        "use IO::Socket::UNIX; my $s = IO::Socket::UNIX->new('/var/run/hesap/admin.sock');"
        "print $s qq(disable frontend web\\n); print while <$s>"
    )

    said = stack.exec("proxy", "perl", "-e", script).stdout

    assert "Permission denied" in said


def test_a_frozen_database_takes_no_colour_out(own_stack: Stack) -> None:
    proxy = proxy_of(own_stack)
    ana = Person.signed_up(own_stack)
    headers = {"Authorization": f"Bearer {ana.token}"}
    own_stack.compose("pause", "db")
    try:
        # Longer than the checks need to take out a colour that does not answer.
        until = time.monotonic() + 15
        seen: set[tuple[int, str | None]] = set()
        while time.monotonic() < until:
            answer, _ = ask(own_stack, "/api/v1/groups", **headers)
            seen.add((answer.status, answer.getheader("Retry-After") and "again"))
            counters = proxy.read().counters
            assert not [c for c in Color if counters.health(c).startswith("DOWN")]
    finally:
        own_stack.compose("unpause", "db")

    assert seen == {(503, "again")}
    assert ask(own_stack, "/api/live")[0].status == 200
    # Each worker notices the thaw by itself, at its next look.
    wait_for(lambda: answers_ten_times(own_stack, headers), "every worker to serve again")
    assert ana.get("groups")["items"] == []


def answers_ten_times(stack: Stack, headers: dict[str, str]) -> bool:
    return all(ask(stack, "/api/v1/groups", **headers)[0].status == 200 for _ in range(10))
