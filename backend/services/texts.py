"""Text that people type: normalised, and refused where it cannot be stored or read."""

from __future__ import annotations

import unicodedata

from backend.services.errors import InvalidInput

_LINE_BREAKS = "\n\r\t"
# Letters and signs by their category that have no shape: four fillers of Hangul, the blank of
# Braille, the empty head of a note. Marks (M) and what formats (C) have none either.
_WITHOUT_SHAPE = frozenset("\u115f\u1160\u3164\uffa0\u2800\U0001d159")


def clean_line(value: str, *, field: str, at_most: int) -> str:
    """Return one line of text, trimmed and in composed form."""
    text = _composed(value, field=field, at_most=at_most)
    if not text:
        raise InvalidInput("must not be empty", field=field)
    if any(_is_control(character) for character in text):
        raise InvalidInput("must be one line without control characters", field=field)
    if not any(_is_visible(character) for character in text):
        raise InvalidInput("must have a letter, a digit or a sign that can be seen", field=field)
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


def _is_visible(character: str) -> bool:
    return unicodedata.category(character)[0] in "LNPS" and character not in _WITHOUT_SHAPE
