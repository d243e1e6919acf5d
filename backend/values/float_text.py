"""The shortest decimal that stands for one binary fraction and for no other.

Python's `repr` may take a decimal half way between two numbers, relying on how it will be rounded.
Postgres relies on nobody and takes none. Where the two could disagree, this decides as Postgres.
"""

from __future__ import annotations

import math
import struct
from decimal import Decimal
from fractions import Fraction

# In between, a decimal half way between two numbers has more digits than `repr` ever writes.
_UNDISPUTED = 1e-4, 1e15
_MOST_DIGITS = 17


def shortest_double(number: float) -> Decimal:
    """Return the shortest decimal of a finite number other than zero."""
    low, high = _UNDISPUTED
    if low <= abs(number) < high:
        return Decimal(repr(number))
    size = abs(number)
    before, after = (math.nextafter(size, towards) for towards in (0, math.inf))
    found = _shortest_between(before, size, after)
    return found.copy_sign(Decimal(math.copysign(1, number)))


def shortest_single(number: float) -> Decimal:
    """Return that of a finite number of single precision other than zero."""
    size = abs(number)
    (bits,) = struct.unpack("I", struct.pack("f", size))
    before, after = (struct.unpack("f", struct.pack("I", bits + step))[0] for step in (-1, 1))
    found = _shortest_between(before, size, after)
    return found.copy_sign(Decimal(math.copysign(1, number)))


def as_single(number: float) -> float:
    """Return the nearest number of single precision, which may be infinite."""
    try:
        (found,) = struct.unpack("f", struct.pack("f", number))
    except OverflowError:
        return math.copysign(math.inf, number)
    return float(found)


def _shortest_between(before: float, number: float, after: float) -> Decimal:
    """Return the decimal with the fewest digits nearer to `number` than to its neighbours."""
    exact = Fraction(number)
    low = (exact + Fraction(before)) / 2
    # The neighbour of the largest number is past all that can be stored.
    high = (exact + Fraction(after)) / 2 if math.isfinite(after) else 2 * exact - low
    power = Decimal(number).adjusted()
    for digits in range(1, _MOST_DIGITS + 1):
        unit = Fraction(10) ** (power - digits + 1)
        below = exact // unit
        inside = [n for n in (below, below + 1) if low < n * unit < high]
        if inside:
            # Of two that are as near the even one is taken.
            nearest = min(inside, key=lambda n: (abs(n * unit - exact), n % 2))
            return Decimal(nearest).scaleb(power - digits + 1)
    return Decimal(repr(number))
