"""UUIDs: digits with dashes or without, or bytes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from backend.values.conversion import BadValueError, Conversion, SqlCase, Uses, is_text

_HEX = re.compile(r"[0-9a-fA-F]{32}", re.ASCII)
_DASHED = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)
_DASHES = "-".join(count * "?" for count in (8, 4, 4, 4, 12))
_UUID_BYTES = 16


@dataclass(frozen=True)
class Uuid(Conversion):
    """`uuid`: 32 digits, with dashes or without, or 16 bytes."""

    postgres_sql: ClassVar[str] = "encode(uuid_send({}), 'hex')"

    def sql_cases(self, name: str) -> tuple[SqlCase, ...]:
        """Take what has the right length; Postgres refuses what is no digit."""
        return (
            SqlCase(f"{is_text(name)} AND length({name}) = 32", f"lower({name})"),
            SqlCase(
                f"{is_text(name)} AND {name} GLOB '{_DASHES}'", f"replace(lower({name}), '-', '')"
            ),
            SqlCase(f"typeof({name}) = 'blob' AND length({name}) = 16", f"lower(hex({name}))"),
        )

    def sql_is_valid(self, name: str) -> str:
        """Hold for digits alone."""
        plain, dashed, raw = (case.condition for case in self.sql_cases(name))
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
