"""Bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from backend.values.conversion import BadValueError, Conversion, SqlCase, Uses


@dataclass(frozen=True)
class Bytes(Conversion):
    """`bytea`: every byte, also those of text."""

    postgres_sql: ClassVar[str] = "('\\x' || encode({}, 'hex'))"

    def sql_cases(self, name: str) -> tuple[SqlCase, ...]:
        """Take bytes and text."""
        condition = f"typeof({name}) IN ('blob', 'text')"
        return (SqlCase(condition, f"'\\x' || lower(hex(CAST({name} AS BLOB)))"),)

    def text(self, value: int | float | str | bytes, uses: Uses) -> str:  # noqa: ARG002
        """Take bytes and text."""
        if isinstance(value, int | float):
            raise BadValueError("is a number, not bytes")
        return "\\x" + (value.encode() if isinstance(value, str) else value).hex()
