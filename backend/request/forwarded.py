"""The client's address and scheme behind proxies.

Each proxy appends the address that it saw to `X-Forwarded-For`; whatever the client itself wrote
stands to the left of that. So we read from the right, and stop at the first address that is no
proxy of ours: what is further left is hearsay.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from backend.config.settings import Network, Settings

_FORWARDED = (
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PORT",
    "HTTP_X_FORWARDED_PREFIX",
    "HTTP_FORWARDED",
)


@dataclass(frozen=True)
class Client:
    """The nearest address that is not a trusted proxy."""

    address: str
    through_trusted: bool


def find_client(
    peer: str, forwarded_for: str, *, behind_proxy: bool, trusted: Iterable[Network]
) -> Client:
    """Return the client by walking from the socket's peer along `X-Forwarded-For`.

    `behind_proxy`: the peer is the stack's own proxy, which always appends. `trusted`: proxies
    that the operator put in front of it.
    """
    chain = [part.strip() for part in forwarded_for.split(",") if part.strip()]
    if not behind_proxy or not chain:
        return Client(peer, through_trusted=False)
    networks = tuple(trusted)
    address, through = chain.pop(), False
    while _is_in(address, networks):
        through = True
        if not chain or not _is_address(chain[-1]):
            break
        address = chain.pop()
    return Client(address, through_trusted=through)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _is_in(text: str, networks: tuple[Network, ...]) -> bool:
    return _is_address(text) and any(ip_address(text) in network for network in networks)


class Forwarded:
    """WSGI middleware: set address, scheme and host from trusted headers, and drop the rest."""

    def __init__(self, app: WSGIApplication, settings: Settings) -> None:
        self._app = app
        self._settings = settings
        public = urlsplit(settings.public_url)
        self._scheme, self._host = public.scheme, public.netloc

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve the request with a corrected environment."""
        claims = {name: environ.pop(name, "") for name in _FORWARDED}
        client = find_client(
            environ.get("REMOTE_ADDR", ""),
            claims["HTTP_X_FORWARDED_FOR"],
            behind_proxy=self._settings.behind_proxy,
            trusted=self._settings.trusted_proxies,
        )
        environ["REMOTE_ADDR"] = client.address
        environ["wsgi.url_scheme"] = self._scheme or _claimed_scheme(client, claims)
        if self._host:
            environ["HTTP_HOST"] = self._host
        return self._app(environ, start_response)


def _claimed_scheme(client: Client, claims: dict[str, str]) -> str:
    claim = claims["HTTP_X_FORWARDED_PROTO"].rpartition(",")[2].strip()
    return "https" if client.through_trusted and claim == "https" else "http"
