"""Binary fractions of any size are written exactly as Postgres writes them."""

import random
import struct
from collections import Counter
from contextlib import closing

import pytest

from backend.tablecopy.casting.floats import Double, Single
from backend.tablecopy.postgres.session import connect
from backend.tablecopy.shape import Casts, TargetColumn, TargetType

RANDOM = random.Random(7)
EDGES = [2.0**n for n in range(-1074, 1024)] + [10.0**n for n in range(-323, 309)]


def doubles():
    yield from EDGES
    for _ in range(20_000):
        (number,) = struct.unpack("d", RANDOM.randbytes(8))
        if number == number:  # NaN is not
            yield number
    yield from (RANDOM.uniform(-1e6, 1e6) for _ in range(5_000))
    yield from (RANDOM.randrange(10**17) / 10 ** RANDOM.randrange(17) for _ in range(5_000))


def singles():
    yield from (2.0**n for n in range(-149, 128))
    for _ in range(20_000):
        (number,) = struct.unpack("f", RANDOM.randbytes(4))
        if number == number:  # NaN is not
            yield number


@pytest.fixture
def session(empty_target):
    with closing(connect(empty_target, name="test")) as session:
        yield session


def test_every_double_reads_as_in_postgres(session):
    rule, numbers = Double(column("double precision"), Casts()), list(doubles())

    stored = session.execute("SELECT unnest(%s::float8[])::text", (numbers,)).fetchall()

    written = [rule.text(number, Counter()) for number in numbers]
    assert [(text, row) for text, (row,) in zip(written, stored, strict=True) if text != row] == []


def test_every_real_reads_as_in_postgres(session):
    rule, numbers = Single(column("real"), Casts()), list(singles())

    stored = session.execute("SELECT unnest(%s::float4[])::text", (numbers,)).fetchall()

    # SQLite would hold the decimal that somebody wrote, not the one that real makes of it.
    written = [rule.text(float(row), Counter()) for (row,) in stored]
    assert [(text, row) for text, (row,) in zip(written, stored, strict=True) if text != row] == []


def column(name):
    return TargetColumn("v", TargetType(name, name), not_null=False)
