"""What a command prints on stdout: lines for a person, or JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Protocol

import click


class Answer(Protocol):
    """What a command has found or done."""

    def lines(self) -> list[str]:
        """Return it for a person."""

    def as_dict(self) -> dict[str, Any]:  # Any: what json.dumps takes
        """Return it for JSON."""


def print_answer(answer: Answer, *, as_json: bool) -> None:
    """Print an answer."""
    click.echo(to_json(answer.as_dict()) if as_json else "\n".join(answer.lines()))


def print_answer_about(database: str, engine: str, answer: Answer, *, as_json: bool) -> None:
    """Print an answer below the database that it is about."""
    if as_json:
        click.echo(to_json({"engine": engine, "database": database, **answer.as_dict()}))
    else:
        click.echo("\n".join([database, *(f"  {line}" for line in answer.lines())]))


def to_json(values: Mapping[str, Any]) -> str:
    """Return JSON that a person can read too."""
    return json.dumps(values, ensure_ascii=False, indent=2)
