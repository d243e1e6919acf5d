"""The address that notifications go to: a secret, of which only the host is ever shown."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, replace
from http.client import HTTP_PORT, HTTPS_PORT, HTTPConnection, HTTPSConnection
from urllib.parse import urljoin, urlsplit

from backend.errors import AppError, ConfigError

_EXPECTED = "expected https://HOST/PATH, without a user's name in it"


@dataclass(frozen=True, repr=False)
class NotifyAddress:
    """An address of http or https."""

    scheme: str
    host: str
    port: int | None
    path: str
    query: str

    @property
    def target(self) -> str:
        """Return what is asked for; it holds the token."""
        return f"{self.path or '/'}{'?' if self.query else ''}{self.query}"

    @property
    def origin(self) -> str:
        """Return the part that is no secret."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}{f':{self.port}' if self.port else ''}"

    def of_failure(self) -> NotifyAddress:
        """Return where a failure is reported, as healthchecks.io and its like want it."""
        return replace(self, path=f"{self.path.rstrip('/')}/fail")

    def redirected(self, location: str) -> NotifyAddress:
        """Return where the service sends us.

        Raises:
            AppError: that is no address, another host, or a way that others can read along.
        """
        try:
            there = parse_address(urljoin(f"{self.origin}{self.target}", location))
        except (ConfigError, ValueError):
            raise AppError(f"{self.origin} redirects to no address of a web service") from None
        if there.host != self.host or (self.scheme, there.scheme) == ("https", "http"):
            raise AppError(
                f"{self.origin} redirects to {there.origin}, where nothing is sent",
                hint="let BACKUP_NOTIFY_URL name the address that answers itself",
            )
        return there

    def connection(self, seconds: float) -> HTTPConnection:
        """Return a connection that is not open yet; no proxy is asked, whatever is configured."""
        # Without a port it would look for one behind the last colon of the host, IPv6 or not.
        if self.scheme == "http":
            return HTTPConnection(self.host, self.port or HTTP_PORT, timeout=seconds)
        trusted, port = ssl.create_default_context(), self.port or HTTPS_PORT
        return HTTPSConnection(self.host, port, timeout=seconds, context=trusted)

    def __str__(self) -> str:
        return f"{self.origin}/…"

    __repr__ = __str__


def parse_address(text: str) -> NotifyAddress:
    """Read an address.

    Raises:
        ConfigError: it is none; the message does not show it.
    """
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
        host.encode("idna")  # as the lookup will, which refuses an empty or a long part
    except ValueError:
        host, port = "", None
    if not host or not text.isprintable() or " " in text or not text.isascii():
        raise ConfigError("BACKUP_NOTIFY_URL is no address of a web service", hint=_EXPECTED)
    if parts.scheme not in {"http", "https"} or "@" in parts.netloc:
        raise ConfigError("BACKUP_NOTIFY_URL is of another kind", hint=_EXPECTED)
    return NotifyAddress(parts.scheme, host, port, parts.path, parts.query)
