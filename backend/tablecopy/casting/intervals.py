"""Spans of time, which SQLite keeps in whatever form an app chose: one is taken."""

from __future__ import annotations

import re
from dataclasses import dataclass

from psycopg import sql

from backend.tablecopy.casting.rule import BadValueError, Branch, Rule, Uses

_WRITTEN = re.compile(
    r"(?:(?P<days>-?\d{1,7}) days?(?:,? (?=.))?)?"
    r"(?:(?P<sign>[+-]?)(?P<hours>\d{1,7}):(?P<rest>[0-5]\d:[0-5]\d)(?:\.(?P<fraction>\d{1,6}))?)?",
    re.ASCII,
)


@dataclass(frozen=True)
class Interval(Rule):
    """`interval`: days, hours, minutes and seconds, as Postgres and Python write them."""

    def branches(self, name: str) -> tuple[Branch, ...]:  # noqa: ARG002
        """Take nothing unseen."""
        return ()

    def sure(self, name: str) -> str:  # noqa: ARG002
        """Hold for nothing."""
        return "0"

    def text(self, value: int | float | str | bytes, uses: Uses) -> str:  # noqa: ARG002
        """Take text such as `1 day 02:03:04.5`."""
        found = _WRITTEN.fullmatch(value) if isinstance(value, str) and value else None
        if not found:
            raise BadValueError("is not a span of time as in 1 day 02:03:04.5")
        precision = self.column.type.precision
        if precision is not None and len((found["fraction"] or "").rstrip("0")) > precision:
            raise BadValueError(f"has more decimals than the column keeps, {precision}")
        days = int(found["days"] or 0)
        clock = _clock(found, signed=days < 0)
        if not days:
            return clock or "00:00:00"
        return f"{days} day{'' if days == 1 else 's'}{' ' if clock else ''}{clock}"

    def target_text(self, name: sql.Composable) -> sql.Composable:
        """Give it in the style that is called `postgres`."""
        return name


def _clock(found: re.Match[str], *, signed: bool) -> str:
    fraction = (found["fraction"] or "").rstrip("0")
    if found["hours"] is None or not (int(found["hours"]) or found["rest"] != "00:00" or fraction):
        return ""
    sign = "-" if found["sign"] == "-" else "+" if signed else ""
    point = "." if fraction else ""
    return f"{sign}{int(found['hours']):02}:{found['rest']}{point}{fraction}"
