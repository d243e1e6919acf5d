"""Who the client is: the right end of the chain is true, the rest is hearsay."""

from ipaddress import ip_network
from typing import Any

import pytest
from werkzeug.test import run_wsgi_app

from backend.config.settings import load_settings
from backend.request.forwarded import Client, Forwarded, find_client

LOAD_BALANCER = (ip_network("10.0.0.5"),)
BEHIND_BOTH = {"BEHIND_PROXY": "true", "TRUSTED_PROXIES": "10.0.0.5"}


@pytest.mark.parametrize(
    ("forwarded_for", "behind_proxy", "trusted", "expected"),
    [
        pytest.param("", False, (), Client("172.18.0.3", False), id="no proxy"),
        pytest.param("6.6.6.6", False, (), Client("172.18.0.3", False), id="forged, no proxy"),
        pytest.param("1.2.3.4", True, (), Client("1.2.3.4", False), id="our proxy"),
        pytest.param("6.6.6.6, 1.2.3.4", True, (), Client("1.2.3.4", False), id="forged, our proxy"),
        pytest.param("1.2.3.4, 10.0.0.5", True, LOAD_BALANCER, Client("1.2.3.4", True), id="one more in front"),
        pytest.param("6.6.6.6, 1.2.3.4, 10.0.0.5", True, LOAD_BALANCER, Client("1.2.3.4", True), id="forged, one more in front"),
        pytest.param("10.0.0.5, 1.2.3.4", True, LOAD_BALANCER, Client("1.2.3.4", False), id="forged as the one in front"),
        pytest.param("nonsense, 10.0.0.5", True, LOAD_BALANCER, Client("10.0.0.5", True), id="not an address"),
        pytest.param("10.0.0.5", True, LOAD_BALANCER, Client("10.0.0.5", True), id="the one in front itself"),
    ],
)  # fmt: skip
def test_the_client_is_the_nearest_that_is_no_proxy_of_ours(
    forwarded_for, behind_proxy, trusted, expected
):
    client = find_client("172.18.0.3", forwarded_for, behind_proxy=behind_proxy, trusted=trusted)

    assert client == expected


def seen_by_app(environ: dict[str, str], headers: dict[str, str]) -> dict[str, Any]:
    """Return what the app sees of a request with these headers; it comes from our own proxy."""
    seen: dict[str, Any] = {}

    def app(environ, start_response):
        seen.update(environ)
        start_response("204 No Content", [])
        return []

    sent = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
    peer = {"REMOTE_ADDR": "172.18.0.3", "HTTP_HOST": "asked.example", "wsgi.url_scheme": "http"}
    run_wsgi_app(Forwarded(app, load_settings(environ)), peer | sent)
    return seen


@pytest.mark.parametrize(
    ("came_by", "scheme"),
    [
        pytest.param("1.2.3.4, 10.0.0.5", "https", id="said by one in front"),
        pytest.param("1.2.3.4", "http", id="said by the client"),
    ],
)
def test_https_is_believed_of_nobody_but_a_trusted_proxy(came_by, scheme):
    headers = {"X-Forwarded-For": came_by, "X-Forwarded-Proto": "https"}

    seen = seen_by_app(BEHIND_BOTH, headers)

    assert (seen["REMOTE_ADDR"], seen["wsgi.url_scheme"]) == ("1.2.3.4", scheme)


def test_of_several_schemes_that_of_the_nearest_proxy_counts():
    headers = {"X-Forwarded-For": "1.2.3.4, 10.0.0.5", "X-Forwarded-Proto": "https, http"}

    assert seen_by_app(BEHIND_BOTH, headers)["wsgi.url_scheme"] == "http"


def test_the_public_address_counts_more_than_what_anybody_asks_for():
    seen = seen_by_app({"PUBLIC_URL": "https://bill.example"}, {"Host": "evil.example"})

    assert (seen["wsgi.url_scheme"], seen["HTTP_HOST"]) == ("https", "bill.example")


def test_the_app_gets_no_header_that_a_client_may_have_forged():
    forged = {
        "Forwarded": "for=6.6.6.6;host=evil.example",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Port": "6666",
        "X-Forwarded-Prefix": "/evil",
    }

    seen = seen_by_app(BEHIND_BOTH, forged | {"X-Forwarded-For": "6.6.6.6, 1.2.3.4"})

    assert [name for name in seen if "FORWARDED" in name] == []
    assert seen["HTTP_HOST"] == "asked.example"
