"""Whether the way to a Postgres has to be encrypted, and whether it is."""

from __future__ import annotations

import re
from dataclasses import replace
from ipaddress import ip_address, ip_network

from psycopg.pq import Conninfo

from backend.config.database_url import DatabaseUrl
from backend.errors import RefusedError

_PRIVATE = tuple(
    ip_network(text)
    for text in (
        "127.0.0.0/8",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "169.254.0.0/16",
        "::1/128",
        "fc00::/7",
        "fe80::/10",
    )
)
# One word is a name of this machine or of its own network, as Render's dpg-…-a. It begins with a
# letter: 134744072 is one word too, and is 8.8.8.8.
_ONE_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_-]*", re.ASCII)
_STRONG = {"require", "verify-ca", "verify-full"}


def with_tls(database: DatabaseUrl, name: str) -> DatabaseUrl:
    """Return the same Postgres, by a way that nobody on the internet can read along.

    Raises:
        RefusedError: the address asks for less.
    """
    if is_private(database):
        return database
    mode = database.params.get("sslmode") or _by_default("sslmode")
    if mode in _STRONG:
        return replace(database, params={**database.params, "sslmode": mode})
    # What libpq does by itself, `prefer`, gives in to whoever says that there is no TLS.
    if "sslmode" in database.params or mode not in {"", "prefer"}:
        raise RefusedError(
            f"{name} asks for sslmode={mode}, and the way to {database} is a public one",
            hint="take sslmode out of the address, or make it require or verify-full",
        )
    return replace(database, params={**database.params, "sslmode": "require"})


def is_private(database: DatabaseUrl) -> bool:
    """Tell whether every host that the address may lead to is on this machine or its network."""
    params = database.params
    if "service" in params or "servicefile" in params:
        return False  # where that leads to, only libpq finds out
    hosts = params.get("hostaddr") or _by_default("hostaddr")
    hosts = hosts or params.get("host") or _by_default("host")
    return all(_is_private(host) for host in hosts.split(","))


def describe_tls(database: DatabaseUrl, *, encrypted: bool) -> str:
    """Describe for a report what protects the connection."""
    if not encrypted:
        return "not encrypted: the server is on a private network"
    mode = database.params.get("sslmode", "prefer")
    if mode == "verify-full":
        return "TLS, the server's certificate and name are checked (verify-full)"
    if mode == "verify-ca":
        return "TLS, the server's certificate is checked, its name is not (verify-ca)"
    return f"TLS, the server's certificate is not checked ({mode})"


def _is_private(host: str) -> bool:
    if not host or host.startswith(("/", "@")) or _ONE_WORD.fullmatch(host):
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return any(address in network for network in _PRIVATE)


def _by_default(keyword: str) -> str:
    """Return what libpq takes from the environment for a word that the address does not hold."""
    found = {one.keyword.decode(): one.val for one in Conninfo.get_defaults()}
    return (found.get(keyword) or b"").decode()
