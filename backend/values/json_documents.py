"""JSON: `json` keeps the text, `jsonb` keeps what it means."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from json.encoder import encode_basestring
from typing import Any, ClassVar, NoReturn

from backend.values.conversion import (
    BadValueError,
    Conversion,
    SqlCase,
    Uses,
    any_case,
    doubled_quotes,
    has_nul,
    is_text,
)
from backend.values.decimals import MOST_DECIMALS, MOST_DIGITS, decimals, plain

Node = Any  # what JSON can hold: the library knows no better

_TOO_LARGE = "holds a number with more digits than numeric can hold"
_TOO_DEEP = "is nested too deeply"


@dataclass(frozen=True)
class Json(Conversion):
    """`json`: the text as it is, if it is JSON."""

    postgres_sql: ClassVar[str] = "{}::text"
    quoted: ClassVar[bool] = True

    def sql_cases(self, name: str) -> tuple[SqlCase, ...]:
        """Take text, which Postgres refuses if it is no JSON, and numbers, into which a column
        declared as JSON has made what looked like one.
        """  # noqa: D205 - one sentence
        number = SqlCase(f"typeof({name}) = 'integer'", f"""'"' || {name} || '"'""")
        return SqlCase(is_text(name), doubled_quotes(name)), number

    def sql_is_valid(self, name: str) -> str:
        """Hold for JSON in which nothing is escaped by number, and for integers."""
        valid = f"{is_text(name)} AND json_valid({name}, 1) AND instr({name}, '\\u') = 0"
        return f"typeof({name}) = 'integer' OR ({valid} AND NOT {has_nul(name)})"

    def text(self, value: int | float | str | bytes, uses: Uses) -> str:  # noqa: ARG002
        """Take JSON, whatever it holds."""
        # As text, numbers may have any number of digits.
        parsed(value, parse_int=str, parse_float=str)
        return _as_text(value)


@dataclass(frozen=True)
class Jsonb(Json):
    """`jsonb`: in the form that Postgres gives it, so that copy and comparison speak of the same.

    Keys are sorted and the last of equal ones counts; numbers lose their exponent.
    """

    def sql_cases(self, name: str) -> tuple[SqlCase, ...]:
        """Take what has only one form."""
        # Compared byte by byte, whatever collation the column was declared with.
        words = "('{}', '[]', 'null', 'true', 'false')"
        condition = f"{is_text(name)} AND {name} COLLATE BINARY IN {words}"
        return SqlCase(condition, f"""'"' || {name} || '"'"""), super().sql_cases(name)[-1]

    def sql_is_valid(self, name: str) -> str:
        """Hold for what has only one form."""
        return any_case(self.sql_cases(name))

    def text(self, value: int | float | str | bytes, uses: Uses) -> str:  # noqa: ARG002
        """Take JSON that jsonb can hold."""
        node = parsed(value, parse_float=_decimal, object_pairs_hook=_sorted)
        try:
            return _canonical(node)
        except RecursionError:
            raise BadValueError(_TOO_DEEP) from None


def parsed(value: int | float | str | bytes, **hooks: Any) -> Node:  # Any: passed on as they are
    """Return what a value says as JSON.

    Raises:
        BadValueError: it is none.
    """
    try:
        return json.loads(_as_text(value), parse_constant=_refuse, **hooks)
    except json.JSONDecodeError as error:
        raise BadValueError(f"is not JSON: {error.msg.lower()} at {error.pos + 1}") from None
    except ValueError:
        raise BadValueError("holds a number of too many digits") from None
    except RecursionError:
        raise BadValueError(_TOO_DEEP) from None


def has_surrogate(text: str) -> bool:
    """Tell whether there is half of a pair, which JSON can say and UTF-8 cannot."""
    return any("\ud800" <= character <= "\udfff" for character in text)


def _as_text(value: int | float | str | bytes) -> str:
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            raise BadValueError("is bytes that are not JSON in UTF-8") from None
    if isinstance(value, float) and not math.isfinite(value):
        raise BadValueError("is infinite, which JSON cannot say")
    return value if isinstance(value, str) else repr(value)


def _refuse(word: str) -> NoReturn:
    raise BadValueError(f"is not JSON: it holds {word}")


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        # Its exponent is more than Python can count.
        raise BadValueError(_TOO_LARGE) from None


def _sorted(pairs: list[tuple[str, Node]]) -> dict[str, Node]:
    """Sort keys as jsonb does: shorter ones first, then by their bytes."""
    found = dict(pairs)
    if len(found) < 2:
        return found
    # A surrogate has no bytes; it is refused later.
    by_bytes = sorted((key.encode(errors="replace"), key) for key in found)
    by_bytes.sort(key=lambda pair: len(pair[0]))
    return {key: found[key] for _, key in by_bytes}


def _canonical(node: Node) -> str:
    text = _written(node)
    # Only escaped can they stand in JSON, and unescaped they would become text in Postgres.
    if "\\u0000" in text and "\0" in _strings(node):
        raise BadValueError("holds \\u0000, which jsonb cannot store")
    if has_surrogate(text):
        raise BadValueError("holds half of a surrogate pair, which is no character")
    return text


def _written(node: Node) -> str:
    try:
        return json.dumps(node, ensure_ascii=False)
    except TypeError:
        # The fast way knows no Decimal.
        return _written_slowly(node)


def _written_slowly(node: Node) -> str:
    if isinstance(node, dict):
        members = (f"{encode_basestring(k)}: {_written_slowly(v)}" for k, v in node.items())
        return "{" + ", ".join(members) + "}"
    if isinstance(node, list):
        return "[" + ", ".join(map(_written_slowly, node)) + "]"
    return _number(node) if isinstance(node, Decimal) else json.dumps(node, ensure_ascii=False)


def _number(number: Decimal) -> str:
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int)  # noqa: S101 - JSON knows no infinity
    if number.adjusted() >= MOST_DIGITS or max(decimals(number), -exponent) > MOST_DECIMALS:
        raise BadValueError(_TOO_LARGE)
    return plain(number, max(-exponent, 0))


def _strings(node: Node) -> str:
    """Return all text of a document, one after the other."""
    if isinstance(node, dict):
        return "".join(map(_strings, (*node, *node.values())))
    if isinstance(node, list):
        return "".join(map(_strings, node))
    return node if isinstance(node, str) else ""
