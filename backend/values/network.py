"""Addresses of networks and of hardware, which Postgres takes in more forms than it gives."""

from __future__ import annotations

import re
from abc import abstractmethod
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import ClassVar

from backend.values.conversion import BadValueError, Conversion, Uses

_MAC = re.compile(r"[0-9a-fA-F]{2}([:-])[0-9a-fA-F]{2}(\1[0-9a-fA-F]{2}){4}", re.ASCII)
_WITH_PREFIX = re.compile(r"([^/%]+)(?:/(0|[1-9]\d{0,2}))?", re.ASCII)


@dataclass(frozen=True)
class _Written(Conversion):
    """An address, which SQLite keeps as text."""

    what: ClassVar[str]

    def text(self, value: int | float | str | bytes, uses: Uses) -> str:  # noqa: ARG002
        """Take what `read` can read."""
        if not isinstance(value, str):
            raise BadValueError(f"is not {self.what}")
        try:
            return self.read(value)
        except ValueError:
            raise BadValueError(f"is not {self.what}") from None

    @abstractmethod
    def read(self, text: str) -> str:
        """Return the canonical text.

        Raises:
            ValueError: there is none.
        """


@dataclass(frozen=True)
class Inet(_Written):
    """`inet`: an address, with the size of its network where that is not the address alone."""

    postgres_sql: ClassVar[str] = "abbrev({})"
    what: ClassVar[str] = "an address such as 192.0.2.1 or 2001:db8::1"

    def read(self, text: str) -> str:
        """Leave out a size that is the whole address."""
        address, size = _address(text)
        return (
            _written_out(address)
            if size == address.max_prefixlen
            else f"{_written_out(address)}/{size}"
        )


@dataclass(frozen=True)
class Cidr(_Written):
    """`cidr`: a network, with its size."""

    postgres_sql: ClassVar[str] = "{}::text"
    what: ClassVar[str] = "a network such as 192.0.2.0/24"

    def read(self, text: str) -> str:
        """Refuse an address inside of the network."""
        address, size = _address(text)
        ip_network(f"{address}/{size}")
        return f"{_written_out(address)}/{size}"


@dataclass(frozen=True)
class Mac(_Written):
    """`macaddr`: six bytes."""

    what: ClassVar[str] = "an address such as 08:00:2b:01:02:03"

    def read(self, text: str) -> str:
        """Take colons or dashes."""
        if not _MAC.fullmatch(text):
            raise ValueError(text)
        return text.replace("-", ":").lower()


def _address(text: str) -> tuple[IPv4Address | IPv6Address, int]:
    found = _WITH_PREFIX.fullmatch(text)
    if not found:
        raise ValueError(text)
    address = ip_address(found[1])
    size = int(found[2] or address.max_prefixlen)
    if size > address.max_prefixlen:
        raise ValueError(text)
    return address, size


def _written_out(address: IPv4Address | IPv6Address) -> str:
    """Write an address as Postgres does: IPv4 inside IPv6 with its dots."""
    if isinstance(address, IPv6Address):
        number = int(address)
        high, low = number >> 32, number & 0xFFFF_FFFF
        if high == 0xFFFF:
            return f"::ffff:{IPv4Address(low)}"
        if high == 0 and low > 0xFFFF:
            return f"::{IPv4Address(low)}"
    return str(address)
