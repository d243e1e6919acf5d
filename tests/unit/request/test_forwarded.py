"""Who the client is: the right end of the chain is true, the rest is hearsay."""

from ipaddress import ip_network

import pytest

from backend.request.forwarded import Client, find_client

LOAD_BALANCER = (ip_network("10.0.0.5"),)


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
