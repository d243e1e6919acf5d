"""Conversion of one column: how a value becomes a field of a CSV record, alike on both engines."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Literal

from backend.db.sql import SqlPart, statement
from backend.schema.tables import Column

# What SQLite can hold; NULL is None.
Value = int | float | str | bytes | None
# How often each allowance of `Casts` was made use of, by "option table.column" or option alone.
Uses = Counter[str]

_SHOWN = 60


class BadValueError(Exception):
    """Say why a column cannot hold a value; the message is the reason, without the value."""


@dataclass(frozen=True)
class Casts:
    """What the operator allows to be read as something else; every use is counted."""

    empty_datetime: Literal["refuse", "null"] = "refuse"
    epoch_datetimes: Literal["refuse", "s", "ms"] = "refuse"
    intervals: Literal["refuse", "us", "ms", "s", "days"] = "refuse"
    nul: Literal["refuse", "replace"] = "refuse"


@dataclass(frozen=True)
class SqlCase:
    """A fast way in SQLite's SQL: where `condition` holds, `text` is the value's field."""

    condition: str
    text: str


@dataclass(frozen=True)
class Conversion(ABC):
    """Conversion of one column: SQL for the common cases, `text()` for the rest.

    `declared` is the type that the file declares the column with, in capitals.
    """

    column: Column
    casts: Casts
    declared: str = ""

    # Whether the field stands in quotes. Those that cannot contain a comma, a quote or a line's
    # end stand bare.
    quoted: ClassVar[bool] = False
    # What gives the canonical text in Postgres; it writes most types in their one form.
    postgres_sql: ClassVar[str] = "{}"

    def sql_cases(self, name: str) -> tuple[SqlCase, ...]:  # noqa: ARG002
        """Return the common cases for the quoted column `name`, the likeliest first.

        Where one applies, its text is the canonical one, or Postgres refuses it.
        """
        return ()

    def sql_is_valid(self, name: str) -> str:
        """Return a condition in SQLite's SQL that holds for no bad value but text not UTF-8."""
        return any_case(self.sql_cases(name))

    @abstractmethod
    def text(self, value: int | float | str | bytes, uses: Uses) -> str | None:
        """Return the canonical text of a value, not yet quoted; None is NULL.

        Raises:
            BadValueError: the column cannot hold the value exactly.
        """

    def postgres_text(self, name: SqlPart) -> SqlPart:
        """Return the Postgres expression for the canonical text of what is stored."""
        return statement(self.postgres_sql, name)


def any_case(cases: Iterable[SqlCase]) -> str:
    """Return the condition that one of the cases applies; it holds nowhere if there is none."""
    return " OR ".join(f"({case.condition})" for case in cases) or "0"


def sqlite_field(conversion: Conversion, name: str, place: int) -> str:
    """Return the expression in SQLite's SQL that gives a column's field, '' for NULL."""
    whens = " ".join(f"WHEN {b.condition} THEN {b.text}" for b in conversion.sql_cases(name))
    strict = f"tablecopy_cast({place}, typeof({name}), {as_bytes(name)})"
    return f"CASE {whens} WHEN {name} IS NULL THEN '' ELSE {strict} END"


def as_bytes(name: str) -> str:
    """Return a value with its text as bytes: if not UTF-8, it could not be handed to Python."""
    return f"CASE typeof({name}) WHEN 'text' THEN CAST({name} AS BLOB) ELSE {name} END"


def postgres_field(conversion: Conversion, name: SqlPart) -> SqlPart:
    """Return the Postgres expression that gives the same field, '' for NULL."""
    text = conversion.postgres_text(name)
    if conversion.quoted:
        # By its bytes: before Postgres 18 nothing is looked for in text whose collation takes
        # different texts for equal.
        text = statement("""('"' || replace(({}) COLLATE "C", '"', '""') || '"')""", text)
    return text if conversion.column.not_null else statement("coalesce({}::text, '')", text)


def field_text(conversion: Conversion, kind: str, value: Value, uses: Uses) -> str:
    """Return a value's field; `kind` is its storage class, text comes as bytes.

    Raises:
        BadValueError: the column cannot hold it.
    """
    if value is None:
        return ""
    text = conversion.text(decoded(value) if kind == "text" else value, uses)
    if text is None:
        return ""
    return '"' + text.replace('"', '""') + '"' if conversion.quoted else text


def decoded(value: Value) -> str:
    """Return text that came as bytes.

    Raises:
        BadValueError: it is not UTF-8.
    """
    assert isinstance(value, bytes)  # noqa: S101 - told to the type checker
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise BadValueError(f"is not UTF-8 (byte {error.start + 1})") from None


def is_text(name: str) -> str:
    """Return the condition that SQLite holds text there."""
    return f"typeof({name}) = 'text'"


def has_nul(name: str) -> str:
    """Return the condition that there is a NUL in a text; `length` and `printf` stop at it."""
    return f"instr({name}, char(0)) > 0"


def doubled_quotes(name: str) -> str:
    """Return the expression for a text in quotes; `||` keeps a NUL, so that Postgres refuses it."""
    # Few texts have a quote in them, and looking for one costs less than replacing none.
    inner = f"""CASE instr({name}, '"') WHEN 0 THEN {name} ELSE replace({name}, '"', '""') END"""
    return f"""'"' || {inner} || '"'"""


def shown(value: Value) -> str:
    """Return a value as people can read it, shortened."""
    if value is None:
        return "NULL"
    text = repr(value) if isinstance(value, str | bytes) else str(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
