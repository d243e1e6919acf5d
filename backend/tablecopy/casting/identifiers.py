"""Values whose text may differ while they are the same: UUIDs, bytes, addresses of networks."""

from __future__ import annotations

import re
from abc import abstractmethod
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import ClassVar

from psycopg import sql

from backend.tablecopy.casting.rule import BadValueError, Branch, Rule, Uses, is_text

_HEX = re.compile(r"[0-9a-fA-F]{32}", re.ASCII)
_DASHED = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)
_DASHES = "-".join(count * "?" for count in (8, 4, 4, 4, 12))
_MAC = re.compile(r"[0-9a-fA-F]{2}([:-])[0-9a-fA-F]{2}(\1[0-9a-fA-F]{2}){4}", re.ASCII)
_WITH_PREFIX = re.compile(r"([^/%]+)(?:/(0|[1-9]\d{0,2}))?", re.ASCII)
_UUID_BYTES = 16


@dataclass(frozen=True)
class Uuid(Rule):
    """`uuid`: 32 digits, with dashes or without, or 16 bytes."""

    def branches(self, name: str) -> tuple[Branch, ...]:
        """Take what has the right length; Postgres refuses what is no digit."""
        return (
            Branch(f"{is_text(name)} AND length({name}) = 32", f"lower({name})"),
            Branch(
                f"{is_text(name)} AND {name} GLOB '{_DASHES}'", f"replace(lower({name}), '-', '')"
            ),
            Branch(f"typeof({name}) = 'blob' AND length({name}) = 16", f"lower(hex({name}))"),
        )

    def sure(self, name: str) -> str:
        """Hold for digits alone."""
        plain, dashed, raw = (branch.condition for branch in self.branches(name))
        digits = f"octet_length({name}) IN (32, 36) AND {name} NOT GLOB '*[^-0-9a-fA-F]*'"
        count = f"length(replace({name}, '-', '')) = 32"
        return f"(({plain}) OR ({dashed})) AND {digits} AND {count} OR ({raw})"

    def text(self, value: int | float | str | bytes, uses: Uses) -> str:  # noqa: ARG002
        """Take the two ways to write one; a number is what a column declared UUID makes of one."""
        if isinstance(value, bytes) and len(value) == _UUID_BYTES:
            return value.hex()
        if isinstance(value, str) and (_HEX.fullmatch(value) or _DASHED.fullmatch(value)):
            return value.replace("-", "").lower()
        if isinstance(value, int | float):
            raise BadValueError("is a number, into which SQLite has turned the digits of a UUID")
        raise BadValueError("is not a UUID")

    def target_text(self, name: sql.Composable) -> sql.Composable:
        """Give the digits."""
        return sql.SQL("encode(uuid_send({}), 'hex')").format(name)


@dataclass(frozen=True)
class Bytes(Rule):
    """`bytea`: every byte, also those of text."""

    def branches(self, name: str) -> tuple[Branch, ...]:
        """Take bytes and text."""
        condition = f"typeof({name}) IN ('blob', 'text')"
        return (Branch(condition, f"'\\x' || lower(hex(CAST({name} AS BLOB)))"),)

    def sure(self, name: str) -> str:
        """Hold for both."""
        return self.branches(name)[0].condition

    def text(self, value: int | float | str | bytes, uses: Uses) -> str:  # noqa: ARG002
        """Take bytes and text."""
        if isinstance(value, int | float):
            raise BadValueError("is a number, not bytes")
        return "\\x" + (value.encode() if isinstance(value, str) else value).hex()

    def target_text(self, name: sql.Composable) -> sql.Composable:
        """Give two digits for each byte."""
        return sql.SQL("('\\x' || encode({}, 'hex'))").format(name)


@dataclass(frozen=True)
class _Written(Rule):
    """What is only ever text in SQLite, and is read before Postgres does."""

    what: ClassVar[str]

    def branches(self, name: str) -> tuple[Branch, ...]:  # noqa: ARG002
        """Take nothing unseen."""
        return ()

    def sure(self, name: str) -> str:  # noqa: ARG002
        """Hold for nothing."""
        return "0"

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

    what: ClassVar[str] = "an address such as 192.0.2.1 or 2001:db8::1"

    def read(self, text: str) -> str:
        """Leave away a size that says nothing."""
        address, size = _address(text)
        return (
            _written_out(address)
            if size == address.max_prefixlen
            else f"{_written_out(address)}/{size}"
        )

    def target_text(self, name: sql.Composable) -> sql.Composable:
        """Give it in the same way."""
        return sql.SQL("abbrev({})").format(name)


@dataclass(frozen=True)
class Cidr(_Written):
    """`cidr`: a network, with its size."""

    what: ClassVar[str] = "a network such as 192.0.2.0/24"

    def read(self, text: str) -> str:
        """Refuse an address inside of the network."""
        address, size = _address(text)
        ip_network(f"{address}/{size}")
        return f"{_written_out(address)}/{size}"

    def target_text(self, name: sql.Composable) -> sql.Composable:
        """Give the text itself."""
        return sql.SQL("{}::text").format(name)


@dataclass(frozen=True)
class Mac(_Written):
    """`macaddr`: six bytes."""

    what: ClassVar[str] = "an address such as 08:00:2b:01:02:03"

    def read(self, text: str) -> str:
        """Take colons or dashes."""
        if not _MAC.fullmatch(text):
            raise ValueError(text)
        return text.replace("-", ":").lower()

    def target_text(self, name: sql.Composable) -> sql.Composable:
        """Give the text itself."""
        return name


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
    """Write an address as Postgres does: an old one inside a new one with its points."""
    if isinstance(address, IPv6Address):
        number = int(address)
        high, low = number >> 32, number & 0xFFFF_FFFF
        if high == 0xFFFF:
            return f"::ffff:{IPv4Address(low)}"
        if high == 0 and low > 0xFFFF:
            return f"::{IPv4Address(low)}"
    return str(address)
