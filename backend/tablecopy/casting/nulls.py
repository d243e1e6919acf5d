"""Columns of a type that no rule is for: their tables travel as long as nothing is in them."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg import sql

from backend.tablecopy.casting.rule import BadValueError, Branch, Rule, Uses


@dataclass(frozen=True)
class NullOnly(Rule):
    """Any other type: NULL, and no value."""

    def branches(self, name: str) -> tuple[Branch, ...]:  # noqa: ARG002
        """Take nothing."""
        return ()

    def sure(self, name: str) -> str:  # noqa: ARG002
        """Hold for nothing."""
        return "0"

    def text(self, value: int | float | str | bytes, uses: Uses) -> str:  # noqa: ARG002
        """Refuse every value."""
        raise BadValueError(f"is a value for {self.column.type.full}, for which there is no rule")

    def target_text(self, name: sql.Composable) -> sql.Composable:
        """Give what no field of the file is, wherever there is a value."""
        return sql.SQL("CASE WHEN {} IS NOT NULL THEN 'value' END").format(name)
