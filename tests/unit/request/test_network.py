"""Which addresses are one party's, and which say nothing about who is there."""

from ipaddress import ip_network

import pytest

from backend.request.network import network_of


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2345::7", "2001:db8:1:2300::/56"),
    ],
)
def test_one_party_holds_a_network(address, network) -> None:
    assert network_of(address) == network


PRIVATE = "127.0.0.1 ::1 10.1.2.3 172.18.0.1 192.168.1.7 100.64.0.9 fd00::5 169.254.1.1"
ODD = "fe80::1%eth0 ::ffff:10.0.0.1 unix:"


@pytest.mark.parametrize("address", [*PRIVATE.split(), *ODD.split(), ""])
def test_private_and_local_addresses_are_no_network(address) -> None:
    assert network_of(address) is None


def test_the_address_of_a_proxy_is_no_network() -> None:
    assert network_of("203.0.113.7", (ip_network("203.0.113.0/29"),)) is None
    assert network_of("203.0.113.9", (ip_network("203.0.113.0/29"),)) == "203.0.113.0/24"
