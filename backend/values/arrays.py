"""Arrays: in SQLite a JSON list, in Postgres one of one dimension."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from backend.db.sql import SqlPart, statement
from backend.values.conversion import BadValueError, Conversion, Uses
from backend.values.json_documents import has_surrogate, parsed

# An array with other bounds or more dimensions is no list: its dimensions, which equal no list,
# stand for it.
_TARGET = """
    CASE WHEN {name} IS NULL THEN NULL
    WHEN array_ndims({name}) > 1 OR array_lower({name}, 1) <> 1 THEN array_dims({name})
    ELSE (SELECT '{{' || coalesce(string_agg(CASE WHEN element IS NULL THEN 'NULL'
            ELSE '"' || replace(replace(({text})::text, '\\', '\\\\'), '"', '\\"') || '"' END,
            ',' ORDER BY place), '') || '}}'
        FROM unnest({name}) WITH ORDINALITY each (element, place)) END"""


@dataclass(frozen=True)
class Array(Conversion):
    """A list whose elements are read by `of`, the conversion of their type."""

    of: Conversion | None = None

    quoted: ClassVar[bool] = True

    def text(self, value: int | float | str | bytes, uses: Uses) -> str:
        """Take a JSON list."""
        return "{" + ",".join(self._element(one, uses) for one in _list(value)) + "}"

    def postgres_text(self, name: SqlPart) -> SqlPart:
        """Give each element by its own conversion."""
        text = self._of.postgres_text(statement("element"))
        return statement(_TARGET, name=name, text=text)

    def _element(self, value: Any, uses: Uses) -> str:  # Any: what JSON can hold
        if isinstance(value, list | dict):
            raise BadValueError("holds a list or an object, which an element cannot be")
        if isinstance(value, bool):
            value = "true" if value else "false"
        text = None if value is None else self._of.text(value, uses)
        if text is None:
            return "NULL"
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

    @property
    def _of(self) -> Conversion:
        assert self.of is not None  # noqa: S101 - whoever chooses this conversion gives the other one
        return self.of


def _list(value: int | float | str | bytes) -> list[Any]:  # Any: what JSON can hold
    # Numbers as they are written, so that none loses a digit on its way.
    found = parsed(value, parse_float=str)
    if not isinstance(found, list):
        raise BadValueError('is not a list as in ["a", "b"]')
    if has_surrogate("".join(one for one in found if isinstance(one, str))):
        raise BadValueError("holds half of a surrogate pair, which is no character")
    return found
