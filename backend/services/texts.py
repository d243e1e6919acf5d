"""Text that people type: made uniform, and refused where a database or a reader would choke."""

from __future__ import annotations

import unicodedata

from backend.services.errors import InvalidInput

_LINE_BREAKS = "\n\r\t"


def clean_line(value: str, *, field: str, at_most: int) -> str:
    """Return one line of text, trimmed and in composed form."""
    text = _composed(value, field=field, at_most=at_most)
    if not text:
        raise InvalidInput("must not be empty", field=field)
    if any(_is_control(character) for character in text):
        raise InvalidInput("must be one line without control characters", field=field)
    return text


def clean_note(value: str, *, field: str, at_most: int) -> str:
    """Return text that may be empty and may span lines."""
    text = _composed(value, field=field, at_most=at_most)
    if any(_is_control(character) and character not in _LINE_BREAKS for character in text):
        raise InvalidInput("must not hold control characters", field=field)
    return text


def _composed(value: str, *, field: str, at_most: int) -> str:
    text = unicodedata.normalize("NFC", value).strip()
    if len(text) > at_most:
        raise InvalidInput(f"has {len(text)} characters, {at_most} are allowed", field=field)
    return text


def _is_control(character: str) -> bool:
    # Cc holds NUL, which Postgres cannot store; Cs are halves of a pair, which UTF-8 cannot;
    # Zl and Zp break lines; U+202A to U+202E and U+2066 to U+2069 turn the text around them.
    return (
        unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}
        or "\u202a" <= character <= "\u202e"
        or "\u2066" <= character <= "\u2069"
    )
