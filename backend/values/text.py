"""Text of any kind, kept to the last blank."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from backend.db.sql import literal
from backend.values.conversion import (
    BadValueError,
    Conversion,
    SqlCase,
    Uses,
    doubled_quotes,
    has_nul,
    is_text,
)

# What stands for a NUL where it may be replaced: the sign for a character that was lost.
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_NUL = "holds a NUL character, which Postgres cannot store; --nul replace puts U+FFFD there"


@dataclass(frozen=True)
class Text(Conversion):
    """`text`, `varchar(n)`, `citext`; a length is counted in characters."""

    postgres_sql: ClassVar[str] = "{}::text"
    quoted: ClassVar[bool] = True

    def sql_cases(self, name: str) -> tuple[SqlCase, ...]:
        """Take text that is not too long; Postgres itself would cut blanks off it."""
        condition = is_text(name)
        if self.column.type.length is not None:
            condition += f" AND length({name}) <= {self.column.type.length}"
        if self.casts.nul == "replace":
            condition += f" AND NOT {has_nul(name)}"
        return (SqlCase(condition, doubled_quotes(name)),)

    def sql_is_valid(self, name: str) -> str:
        """Hold for text without a NUL."""
        return f"{self.sql_cases(name)[0].condition} AND NOT {has_nul(name)}"

    def text(self, value: int | float | str | bytes, uses: Uses) -> str:
        """Take numbers in their shortest form, and bytes that are UTF-8."""
        text = _as_text(value)
        if "\0" in text:
            if self.casts.nul != "replace":
                raise BadValueError(_NUL)
            uses["nul"] += 1
            text = text.replace("\0", _REPLACEMENT)
        length = self.column.type.length
        if length is not None and len(text) > length:
            raise BadValueError(f"has {len(text)} characters, the column takes {length}")
        return text


@dataclass(frozen=True)
class PaddedText(Text):
    """`char(n)`: blanks at its end are filling, on both sides."""

    def sql_cases(self, name: str) -> tuple[SqlCase, ...]:
        """Take text that is not too long, without the filling."""
        (case,) = super().sql_cases(name)
        return (SqlCase(case.condition, doubled_quotes(f"rtrim({name}, ' ')")),)

    def text(self, value: int | float | str | bytes, uses: Uses) -> str:
        """Leave the filling away."""
        return super().text(value, uses).rstrip(" ")


@dataclass(frozen=True)
class Label(Text):
    """An enum: one of its labels, letter by letter."""

    def sql_cases(self, name: str) -> tuple[SqlCase, ...]:
        """Take a label."""
        labels = ", ".join(literal(label) for label in self.column.type.labels)
        # Compared byte by byte, whatever collation the column was declared with.
        condition = f"{is_text(name)} AND {name} COLLATE BINARY IN ({labels})"
        return (SqlCase(condition, doubled_quotes(name)),)

    def text(self, value: int | float | str | bytes, uses: Uses) -> str:
        """Take a label."""
        text = super().text(value, uses)
        if text not in self.column.type.labels:
            labels = ", ".join(self.column.type.labels)
            raise BadValueError(f"is none of the labels {labels}")
        return text


def _as_text(value: int | float | str | bytes) -> str:
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            raise BadValueError("is bytes that are not UTF-8, the column takes text") from None
    return value if isinstance(value, str) else repr(value)
