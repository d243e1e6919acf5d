"""The fast way for reals into decimals takes what the strict way takes, and says the same."""

import math
from collections import Counter
from random import Random

import apsw
import pytest

from backend.schema.tables import Column, ColumnType
from backend.values.conversion import BadValueError, Casts, Conversion
from backend.values.decimals import Fixed, Unbounded
from tests.seeds import seeded

SCALES = (1, 2, 3, 6, 14)
ODD = (0.0, -0.0, 0.29, 2.675, -0.004, 0.1 + 0.2, 1e15, 9999999999999.99, 5e-324, -1e300)


def near(chance: Random, scale: int) -> float:
    """Return a number of about so many decimals, or one of its neighbours."""
    digits: int = chance.randrange(10 ** chance.randint(1, 15))
    number = chance.choice([1, -1]) * digits / float(10 ** chance.randint(0, scale + 1))
    return chance.choice([number, number, math.nextafter(number, chance.choice([-9e99, 9e99]))])


@pytest.mark.parametrize("scale", SCALES)
def test_reals_near_a_decimal(scale):
    conversion = Fixed(
        Column("v", ColumnType("numeric", "", precision=40, scale=scale), not_null=False),
        Casts(),
    )
    fast, _ = conversion.sql_cases("?1")
    query = f"SELECT CASE WHEN {fast.condition} THEN {fast.text} END"
    chance = seeded(f"decimals of {scale}")
    numbers = [*ODD, *(near(chance, scale) for _ in range(4000))]
    connection = apsw.Connection(":memory:")

    said = {number: next(connection.execute(query, (number,)))[0] for number in numbers}

    strict = {number: text(conversion, number) for number in numbers}
    small = 10.0 ** (15 - scale)
    assert {n: t for n, t in said.items() if t is not None and t != strict[n]} == {}
    assert [n for n, t in strict.items() if t and said[n] is None and abs(n) <= small] == []


# SQLite writes reals of more than fifteen digits with seventeen, where sixteen may suffice.
LONG = (5.000000000000001, 1.1 + 2.2, 100000000000000.02, 0.12345678901234568, -8.000000000000002)


def test_reals_of_any_number_of_digits():
    conversion = Unbounded(Column("v", ColumnType("numeric", ""), not_null=False), Casts())
    _, *fast = conversion.sql_cases("?1")
    whens = " ".join(f"WHEN {case.condition} THEN {case.text}" for case in fast)
    chance = seeded("decimals of any number of digits")
    numbers = [*ODD, *LONG, *(near(chance, 15) for _ in range(4000))]
    connection = apsw.Connection(":memory:")

    said = {
        number: next(connection.execute(f"SELECT CAST(CASE {whens} END AS TEXT)", (number,)))[0]
        for number in numbers
    }

    assert {
        number: written
        for number, written in said.items()
        if written is not None and trimmed(written) != text(conversion, number)
    } == {}
    assert [said[number] for number in LONG] == [None] * len(LONG)
    assert said[0.29] == "0.29"


def trimmed(written: str) -> str:
    """Leave out what the target leaves out too."""
    return written.rstrip("0").rstrip(".") if "." in written else written


def text(conversion: Conversion, number: float) -> str | None:
    try:
        return conversion.text(number, Counter())
    except BadValueError:
        return None
