"""The address of notifications: what is accepted, where a failure goes, and that nobody sees it."""

import pytest

from backend.backup.notification.notify_address import parse_address
from backend.errors import AppError, ConfigError

TOKEN = "6f1a0d4e"


@pytest.mark.parametrize(
    ("address", "heartbeat", "failure"),
    [
        pytest.param(f"https://hc.example/{TOKEN}", f"/{TOKEN}", f"/{TOKEN}/fail", id="a path"),
        pytest.param(f"https://hc.example/{TOKEN}/", f"/{TOKEN}/", f"/{TOKEN}/fail", id="slash"),
        pytest.param(
            f"https://hc.example/ping?key={TOKEN}",
            f"/ping?key={TOKEN}",
            f"/ping/fail?key={TOKEN}",
            id="a query",
        ),
        pytest.param("http://[::1]:8000", "/", "/fail", id="IPv6, a port, no path"),
    ],
)
def test_what_is_asked_for(address, heartbeat, failure) -> None:
    there = parse_address(address)

    assert (there.target, there.of_failure().target) == (heartbeat, failure)


@pytest.mark.parametrize(
    ("address", "where"),
    [
        pytest.param("http://[fd00::abcd]/x", ("fd00::abcd", 80), id="IPv6"),
        pytest.param("https://[fd00::1]/x", ("fd00::1", 443), id="IPv6 that ends in a number"),
        pytest.param("https://hc.example:8443/x", ("hc.example", 8443), id="a name and a port"),
    ],
)
def test_where_it_is_connected_to(address, where) -> None:
    connection = parse_address(address).connection(1)

    assert (connection.host, connection.port) == where


@pytest.mark.parametrize("show", [str, repr, "{}".format])
def test_only_the_host_is_shown(show) -> None:
    assert show(parse_address(f"https://hc.example:8443/{TOKEN}?key={TOKEN}")) == (
        "https://hc.example:8443/…"
    )


@pytest.mark.parametrize(
    "address",
    [
        pytest.param(f"hc.example/{TOKEN}", id="no scheme"),
        pytest.param(f"ftp://hc.example/{TOKEN}", id="another kind"),
        pytest.param(f"https:///{TOKEN}", id="no host"),
        pytest.param(f"https://ana:{TOKEN}@hc.example/", id="a user"),
        pytest.param(f"https://hc.example:port/{TOKEN}", id="no port"),
        pytest.param(f"https://hc.example/{TOKEN} x", id="a space"),
        pytest.param(f"https://hc.example/{TOKEN}\r\nX-Header: x", id="a line break"),
        pytest.param(f"https://[::1/{TOKEN}", id="half an address"),
        pytest.param(f"https://hc..example/{TOKEN}", id="no name of a host"),
        pytest.param(f"https://{'x' * 64}.example/{TOKEN}", id="too long a name"),
    ],
)
def test_what_is_no_address_is_refused_and_not_shown(address) -> None:
    with pytest.raises(ConfigError, match="BACKUP_NOTIFY_URL") as caught:
        parse_address(address)

    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize(
    ("location", "target"),
    [
        pytest.param("/elsewhere", "/elsewhere", id="a path"),
        pytest.param("https://hc.example/x?y=1", "/x?y=1", id="an address"),
    ],
)
def test_a_redirect_on_the_same_host_is_followed(location, target) -> None:
    assert parse_address("https://hc.example/ping").redirected(location).target == target


@pytest.mark.parametrize(
    "location",
    [
        pytest.param("https://other.example/ping", id="another host"),
        pytest.param("//other.example/ping", id="another host, the same way"),
        pytest.param("http://hc.example/ping", id="in the clear"),
        pytest.param("file:///etc/passwd", id="a file"),
        pytest.param("https://hc.example:port/", id="no port"),
        pytest.param("https://[bad", id="no address"),
    ],
)
def test_another_redirect_is_not(location) -> None:
    with pytest.raises(AppError, match=r"^https://hc\.example redirects to ") as caught:
        parse_address("https://hc.example/ping").redirected(location)

    # What is wrong is what the service says now, and not the setting: it is tried again.
    assert not isinstance(caught.value, ConfigError)
