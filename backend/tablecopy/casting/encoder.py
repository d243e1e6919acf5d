"""One row of a table as one record of CSV: what is copied and what is compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from psycopg import sql

from backend.tablecopy.casting.choosing import rule_for
from backend.tablecopy.casting.rule import Rule, as_bytes, source_field, target_field
from backend.tablecopy.shape import Casts, TablePair
from backend.tablecopy.sqlite.quoting import quoted

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
    rules: tuple[Rule, ...]
    # The expression in SQLite's SQL.
    select: str

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the target's columns, in the order of the fields."""
        return tuple(column.target.name for column in self.pair.columns)

    @property
    def target_text(self) -> sql.Composed:
        """The Postgres expression; the session's DateStyle, TimeZone and the like must be ISO."""
        # It takes the text of most types without a cast. A function has 100 arguments at most.
        parts = [
            sql.SQL("concat_ws(',', {})").format(sql.SQL(", ").join(fields))
            for fields in _batched(self.target_fields(), _MOST_ARGUMENTS)
        ]
        return sql.SQL("{} || E'\\n'").format(sql.SQL(" || ',' || ").join(parts))

    def target_fields(self) -> tuple[sql.Composable, ...]:
        """Return the Postgres expression of each field."""
        return tuple(target_field(rule, sql.Identifier(rule.column.name)) for rule in self.rules)

    def source_fields(self) -> tuple[str, ...]:
        """Return SQLite's expression of each field."""
        return _source_fields(self.pair, self.rules)


def encoder(pair: TablePair, casts: Casts) -> Encoder:
    """Decide how the rows of a pair are written and compared."""
    rules = tuple(rule_for(column, casts) for column in pair.columns)
    return Encoder(pair, casts, rules, _record(_source_fields(pair, rules)))


def lenient_select(encoder: Encoder, *, sure: bool) -> str:
    """Return an expression like `select` that makes NULL of bad values.

    What SQL is `sure` of goes the fast way; text that is not UTF-8 SQL cannot tell from other.
    """
    fields = []
    for place, (rule, column) in enumerate(zip(encoder.rules, encoder.pair.columns, strict=True)):
        name = quoted(column.source.name)
        fast = source_field(rule, name, place)
        slow = f"tablecopy_try({place}, typeof({name}), {as_bytes(name)})"
        fields.append(f"CASE WHEN {rule.sure(name)} THEN {fast} ELSE {slow} END" if sure else slow)
    return _record(fields)


def _record(fields: Sequence[str]) -> str:
    # One call copies a row's text once; so many `||` would copy its beginning again and again.
    parts = ("concat(" + ", ',', ".join(some) + ")" for some in _batched(fields, _MOST_ARGUMENTS))
    return " || ',' || ".join(parts) + " || char(10)"


def _batched(values: Sequence[_T], size: int) -> list[Sequence[_T]]:
    return [values[start : start + size] for start in range(0, len(values), size)]


def _source_fields(pair: TablePair, rules: tuple[Rule, ...]) -> tuple[str, ...]:
    return tuple(
        source_field(rule, quoted(column.source.name), place)
        for place, (rule, column) in enumerate(zip(rules, pair.columns, strict=True))
    )
