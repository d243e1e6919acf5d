"""The network that a request comes from: what one party holds, not one of its addresses."""

from __future__ import annotations

import logging
from ipaddress import IPv6Address, ip_address, ip_network

from flask import current_app, request

from backend.config.settings import Network, Settings

log = logging.getLogger(__name__)

_TOLD = "hesap_paylas_told_of_private_addresses"

# What a household or an office is given: fewer bits of IPv6 would join strangers, more would let
# one of them appear as thousands.
_BITS = {4: 24, 6: 56}
# Many people behind one address of these, and none of them the internet's.
_INSIDE = tuple(
    ip_network(text)
    for text in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
        *("172.16.0.0/12", "192.168.0.0/16", "::/128", "::1/128", "fc00::/7", "fe80::/10"),
    )
)


def client_network() -> str | None:
    """Return the network of this request's client; None if its address tells nothing about it."""
    settings: Settings = current_app.config["SETTINGS"]
    network = network_of(request.remote_addr or "", settings.trusted_proxies)
    if network is None and not current_app.extensions.setdefault(_TOLD, False):
        current_app.extensions[_TOLD] = True
        log.warning(
            "logins are limited by account alone: the clients' addresses are private, so nobody can"
            " tell them apart (behind another proxy, TRUSTED_PROXIES says which)",
            extra={"fields": {"client": request.remote_addr}},
        )
    return network


def network_of(address: str, proxies: tuple[Network, ...] = ()) -> str | None:
    """Return the network of an address, unless it is private or that of a proxy of ours."""
    try:
        found = ip_address(address)
    except ValueError:
        return None
    if isinstance(found, IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    if any(found in network for network in (*_INSIDE, *proxies)):
        return None
    return str(ip_network((found, _BITS[found.version]), strict=False))
