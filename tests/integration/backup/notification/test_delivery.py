"""A notification reaches a web service, or ends in time with an error that shows no token."""

import socket
import subprocess
import threading
from pathlib import Path

import pytest

from backend.backup.notification.delivery import Notification, deliver
from backend.backup.notification.notify_address import parse_address
from backend.errors import AppError
from tests.fix_missing import missing_command, not_here
from tests.integration.backup.notification.receiver import Asked, answer, receiver
from tests.polling import wait_for

TOKEN = "6f1a0d4e"
HEARTBEAT = Notification("heartbeat")
FAILURE = Notification("failure", 'a drill failed: table "kept"\n')


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A file of a certificate for localhost and its key; nobody trusts it."""
    if missing := missing_command("openssl"):
        not_here(missing)
    path = tmp_path / "server.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost", "-keyout", path, "-out", tmp_path / "cert.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    with path.open("a") as file:
        file.write((tmp_path / "cert.pem").read_text())
    return path


def is_timer(thread: threading.Thread) -> bool:
    return isinstance(thread, threading.Timer)


def test_a_heartbeat_is_a_get_without_a_word(web) -> None:
    deliver(parse_address(f"{web.url}/{TOKEN}"), HEARTBEAT)

    assert web.asked == [Asked("GET", f"/{TOKEN}", "")]


def test_a_failure_is_posted_beside_it_with_its_text(web) -> None:
    deliver(parse_address(f"{web.url}/{TOKEN}?rid=1"), FAILURE)

    assert web.asked == [Asked("POST", f"/{TOKEN}/fail?rid=1", 'a drill failed: table "kept"\n')]


def test_a_redirect_is_followed_with_all_that_is_told(web) -> None:
    web.acts = [answer(308, Location="/there"), answer(302, Location=f"{web.url}/here")]

    deliver(parse_address(f"{web.url}/{TOKEN}"), FAILURE)

    assert [(one.method, one.target) for one in web.asked] == [
        ("POST", f"/{TOKEN}/fail"),
        ("POST", "/there"),
        ("POST", "/here"),
    ]
    assert {one.body for one in web.asked} == {FAILURE.text}


@pytest.mark.parametrize(
    ("acts", "named", "requests"),
    [
        pytest.param([answer(404)], "answers 404", 1, id="refused"),
        pytest.param([answer(500)], "answers 500", 1, id="broken"),
        pytest.param([answer(301)], "answers 301", 1, id="a redirect to nowhere"),
        pytest.param([answer(307, Location="/x")] * 9, "redirects without end", 4, id="a circle"),
        pytest.param(
            [answer(307, Location="http://127.0.0.1:1/x")], "redirects to", 1, id="another host"
        ),
    ],
)
def test_whoever_does_not_take_it_is_named_without_the_token(web, acts, named, requests) -> None:
    web.acts = list(acts)

    with pytest.raises(AppError, match=named) as caught:
        deliver(parse_address(f"{web.url}/{TOKEN}"), HEARTBEAT)

    assert web.url in str(caught.value)
    assert TOKEN not in str(caught.value)
    assert len(web.asked) == requests


def test_whoever_sends_a_byte_now_and_then_is_left(web) -> None:
    over = threading.Event()

    def drip(handler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
        while not over.wait(0.05):
            try:
                handler.wfile.write(b"x")
            except OSError:
                return

    web.acts = [drip]
    try:
        with pytest.raises(AppError, match="cannot be told"):
            deliver(parse_address(f"{web.url}/{TOKEN}"), HEARTBEAT, deadline=0.5)
    finally:
        over.set()


def test_a_lookup_that_takes_all_the_time_is_followed_by_no_request(web, monkeypatch) -> None:
    look_up = socket.getaddrinfo

    def slowly(*args, **kwargs):
        wait_for(lambda: not any(map(is_timer, threading.enumerate())), "the time to be over")
        return look_up(*args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", slowly)

    with pytest.raises(AppError, match="takes too long"):
        deliver(parse_address(f"{web.url}/{TOKEN}"), HEARTBEAT, deadline=0.2)

    assert web.asked == []


def test_what_is_no_web_service_may_say_the_token_and_we_do_not(web) -> None:
    def echo(handler) -> None:
        handler.wfile.write(handler.raw_requestline)
        handler.close_connection = True

    web.acts = [echo]

    with pytest.raises(AppError, match="cannot be told: BadStatusLine") as caught:
        deliver(parse_address(f"{web.url}/{TOKEN}"), HEARTBEAT)

    assert TOKEN not in str(caught.value)


def test_nobody_at_the_address_is_an_error_and_not_a_wait() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = parse_address(f"http://127.0.0.1:{taken.getsockname()[1]}/{TOKEN}")

        with pytest.raises(AppError, match="Connection refused") as caught:
            deliver(address, HEARTBEAT)

    assert TOKEN not in str(caught.value)


def test_a_proxy_of_the_environment_is_not_asked(web, monkeypatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    deliver(parse_address(f"{web.url}/{TOKEN}"), HEARTBEAT)

    assert len(web.asked) == 1


def test_a_certificate_that_nobody_trusts_is_refused(certificate) -> None:
    with receiver(certificate=certificate) as web:
        with pytest.raises(AppError, match="CERTIFICATE_VERIFY_FAILED"):
            deliver(parse_address(f"{web.url}/{TOKEN}"), HEARTBEAT)

        assert web.asked == []


def test_a_certificate_of_a_trusted_authority_is_good(certificate, monkeypatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.with_name("cert.pem")))
    with receiver(certificate=certificate) as web:
        deliver(parse_address(f"{web.url}/{TOKEN}"), HEARTBEAT)

        assert len(web.asked) == 1


def test_a_certificate_of_another_host_is_refused(certificate, monkeypatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.with_name("cert.pem")))
    with receiver(certificate=certificate) as web:
        other = web.url.replace("localhost", "127.0.0.1")

        with pytest.raises(AppError, match="CERTIFICATE_VERIFY_FAILED"):
            deliver(parse_address(f"{other}/{TOKEN}"), HEARTBEAT)
