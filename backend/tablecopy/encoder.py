"""One row of a table as one record of CSV: what is copied and what is compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from backend.db.sql import Sql, SqlPart, join, name, quoted, statement
from backend.schema.match import TablePair
from backend.values.conversion import Casts, Conversion, as_bytes, postgres_field, sqlite_field
from backend.values.registry import conversion_for

_T = TypeVar("_T")
_MOST_ARGUMENTS = 90


@dataclass(frozen=True)
class Encoder:
    """The canonical text of a pair's rows, as an expression for each side.

    Both give the same text for equal rows: fields with commas between them and a line's end
    after them; nothing for NULL, `""` for an empty text.
    """

    pair: TablePair
    casts: Casts
    conversions: tuple[Conversion, ...]
    # The expression in SQLite's SQL.
    select: str

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the target's columns, in the order of the fields."""
        return tuple(column.target.name for column in self.pair.columns)

    @property
    def target_text(self) -> Sql:
        """The Postgres expression; the session's DateStyle, TimeZone and the like must be ISO."""
        # It takes the text of most types without a cast. A function has 100 arguments at most.
        parts = [
            statement("concat_ws(',', {})", join(", ", fields))
            for fields in _batched(self.target_fields(), _MOST_ARGUMENTS)
        ]
        return statement("{} || E'\\n'", join(" || ',' || ", parts))

    def target_fields(self) -> tuple[SqlPart, ...]:
        """Return the Postgres expression of each field."""
        return tuple(
            postgres_field(conversion, name(conversion.column.name))
            for conversion in self.conversions
        )

    def source_fields(self) -> tuple[str, ...]:
        """Return SQLite's expression of each field."""
        return _source_fields(self.pair, self.conversions)


def encoder(pair: TablePair, casts: Casts) -> Encoder:
    """Decide how the rows of a pair are written and compared."""
    conversions = tuple(conversion_for(column, casts) for column in pair.columns)
    return Encoder(pair, casts, conversions, _record(_source_fields(pair, conversions)))


def lenient_select(encoder: Encoder, *, sure: bool) -> str:
    """Return an expression like `select` that makes NULL of bad values.

    What SQL is `sure` of goes the fast way; text that is not UTF-8 SQL cannot tell from other.
    """
    fields = []
    both = zip(encoder.conversions, encoder.pair.columns, strict=True)
    for place, (conversion, column) in enumerate(both):
        held = quoted(column.source.name)
        field = f"tablecopy_try({place}, typeof({held}), {as_bytes(held)})"
        if sure:
            fast = sqlite_field(conversion, held, place)
            field = f"CASE WHEN {conversion.sql_is_valid(held)} THEN {fast} ELSE {field} END"
        fields.append(field)
    return _record(fields)


def _record(fields: Sequence[str]) -> str:
    # One call copies a row's text once; so many `||` would copy its beginning again and again.
    parts = ("concat(" + ", ',', ".join(some) + ")" for some in _batched(fields, _MOST_ARGUMENTS))
    return " || ',' || ".join(parts) + " || char(10)"


def _batched(values: Sequence[_T], size: int) -> list[Sequence[_T]]:
    return [values[start : start + size] for start in range(0, len(values), size)]


def _source_fields(pair: TablePair, conversions: tuple[Conversion, ...]) -> tuple[str, ...]:
    return tuple(
        sqlite_field(conversion, quoted(column.source.name), place)
        for place, (conversion, column) in enumerate(zip(conversions, pair.columns, strict=True))
    )
