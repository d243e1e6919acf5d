"""Filters of the templates: dates, initials, colours, field names."""

from __future__ import annotations

from datetime import date

TINTS = 6


def day(value: date) -> str:
    """Return a date as people write it: 7 Nov 2026."""
    return f"{value.day} {value:%b %Y}"


def initial(name: str) -> str:
    """Return the letter that stands for a name."""
    first = name[:1]
    # Python's upper() knows no Turkish: to it the capital of i is I.
    return "İ" if first == "i" else first.upper()


def tint(place: int) -> str:
    """Return the colour of the member at this place of a group: the same on every page."""
    return f"tint-{place % TINTS}"


def label(name: str) -> str:
    """Return the label of a field."""
    if name.startswith("share-"):
        return "Share"
    return _LABELS.get(name, name.replace("_", " ").capitalize())


_LABELS = {
    "display_name": "Name",
    "email": "E-mail",
    "from_member_id": "Who paid",
    "ordered_on": "Day",
    "paid_on": "Day",
    "payer": "Who paid",
    "split": "The shares",
    "to_member_id": "Who got it",
}
