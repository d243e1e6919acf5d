"""Binary fractions of any size are written exactly as Postgres writes them."""

import struct
from collections import Counter
from contextlib import closing

import pytest

from backend.schema.tables import Column, ColumnType
from backend.tablecopy.target import connect
from backend.values.conversion import Casts
from backend.values.floats import Double, Single
from tests.seeds import seeded

# All of them come with a drill.
SIZES = [pytest.param(2_000, id="some"), pytest.param(40_000, marks=pytest.mark.slow, id="many")]
EDGES = [2.0**n for n in range(-1074, 1024)] + [10.0**n for n in range(-323, 309)]


def doubles(size):
    chance = seeded("doubles")
    yield from EDGES
    for _ in range(size):
        (number,) = struct.unpack("d", chance.randbytes(8))
        if number == number:  # NaN is not
            yield number
    yield from (chance.uniform(-1e6, 1e6) for _ in range(size // 4))
    yield from (chance.randrange(10**17) / 10 ** chance.randrange(17) for _ in range(size // 4))


def singles(size):
    chance = seeded("singles")
    yield from (2.0**n for n in range(-149, 128))
    for _ in range(size):
        (number,) = struct.unpack("f", chance.randbytes(4))
        if number == number:  # NaN is not
            yield number


@pytest.fixture
def session(empty_target):
    with closing(connect(empty_target, name="test")) as session:
        yield session


@pytest.mark.parametrize("size", SIZES)
def test_every_double_reads_as_in_postgres(session, size):
    rule, numbers = Double(column("double precision"), Casts()), list(doubles(size))

    stored = session.execute("SELECT unnest(%s::float8[])::text", (numbers,)).fetchall()

    written = [rule.text(number, Counter()) for number in numbers]
    assert [(text, row) for text, (row,) in zip(written, stored, strict=True) if text != row] == []


@pytest.mark.parametrize("size", SIZES)
def test_every_real_reads_as_in_postgres(session, size):
    rule, numbers = Single(column("real"), Casts()), list(singles(size))

    stored = session.execute("SELECT unnest(%s::float4[])::text", (numbers,)).fetchall()

    # SQLite would hold the decimal that somebody wrote, not the one that real makes of it.
    written = [rule.text(float(row), Counter()) for (row,) in stored]
    assert [(text, row) for text, (row,) in zip(written, stored, strict=True) if text != row] == []


def column(name):
    return Column("v", ColumnType(name, name), not_null=False)
