"""CHECK constraints that read the same, and mean the same, on both engines.

Text columns carry their limit as a CHECK: SQLite ignores the length of a VARCHAR, and Postgres
rewrites a table when one changes.
"""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import CheckConstraint

# The largest amount of one order or settlement, in minor units. With it a group holds nine
# million orders before the sum of one member's column leaves 64 bits.
MAX_AMOUNT = 10**12


def length_check(column: str, *, at_most: int, at_least: int = 1) -> CheckConstraint:
    """Limit the characters of a text column; NULL passes."""
    return CheckConstraint(
        f"length({column}) BETWEEN {at_least} AND {at_most}", name=f"{column}_length"
    )


def digest_check(column: str) -> CheckConstraint:
    """Demand the length of a SHA-256 in hexadecimal."""
    return CheckConstraint(f"length({column}) = 64", name=f"{column}_length")


def one_of_check(column: str, words: type[StrEnum]) -> CheckConstraint:
    """Allow the words of an enumeration; a native ENUM exists on one engine only."""
    accepted = ", ".join(f"'{word}'" for word in words)
    return CheckConstraint(f"{column} IN ({accepted})", name=f"{column}_known")


def currency_check() -> CheckConstraint:
    """Demand the form of an ISO 4217 code; whether it exists is the service's question."""
    return CheckConstraint(
        "length(currency) = 3 AND currency = upper(currency)", name="currency_form"
    )


def amount_check(column: str, *, at_least: int) -> CheckConstraint:
    """Keep an amount of minor units inside what can be added up without overflow."""
    return CheckConstraint(f"{column} BETWEEN {at_least} AND {MAX_AMOUNT}", name=f"{column}_range")
