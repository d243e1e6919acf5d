"""Sequences go on where no number is given twice, whichever way and by whatever columns they count."""

from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest

from backend.db.session import Session
from backend.schema.postgres import reflect_postgres
from backend.tablecopy.sequences import next_values, sequence_columns, set_sequences
from backend.tablecopy.target import connect


@pytest.fixture
def session(empty_target) -> Iterator[Session]:
    with closing(connect(empty_target, name="test")) as session:
        yield session


def go_on(session: Session, *made: str, high_water: int = 0) -> None:
    """Make tables, and let their sequences go on behind what is in them."""
    for statement in made:
        session.execute(statement.encode())
    tables = reflect_postgres(session, "public")
    high = {table.name: high_water for table in tables}
    set_sequences(session, next_values(session, "public", sequence_columns(tables), high))


def coming(session: Session, sequence: str) -> int:
    row = session.execute("SELECT nextval(%s::regclass)", (sequence,)).fetchone()
    assert row is not None
    return int(row[0])


COUNTED = "CREATE TABLE public.a (id bigint PRIMARY KEY DEFAULT nextval('public.s'), n integer)"


@pytest.mark.parametrize(
    ("sequence", "rows", "high_water", "number"),
    [
        pytest.param("", "(7)", 0, 8, id="upwards"),
        pytest.param("", "(7)", 90, 91, id="behind what SQLite gave"),
        pytest.param("INCREMENT 10 START 5", "(25)", 0, 35, id="in steps"),
        pytest.param("START 50", "(7)", 0, 50, id="ahead already"),
        pytest.param("INCREMENT -1", "(-7), (-3)", 0, -8, id="downwards"),
        pytest.param("INCREMENT -1", "(-7)", 90, -8, id="downwards, SQLite upwards"),
        pytest.param("INCREMENT -1 START -50", "(-7)", 0, -50, id="downwards, ahead already"),
        pytest.param("MAXVALUE 8", "(7)", 0, 8, id="to its last number"),
        pytest.param("INCREMENT -1 MINVALUE -8", "(-7)", 0, -8, id="to its least number"),
    ],
)
def test_no_number_is_given_twice(session, sequence, rows, high_water, number) -> None:
    go_on(
        session,
        f"CREATE SEQUENCE public.s {sequence}",
        COUNTED,
        f"INSERT INTO public.a (id) VALUES {rows}",
        high_water=high_water,
    )

    assert coming(session, "public.s") == number


@pytest.mark.parametrize("sequence", ["MAXVALUE 7", "INCREMENT -1 MINVALUE -7"])
def test_one_that_has_given_all_it_has_says_so(session, sequence) -> None:
    last = 7 if sequence.startswith("MAX") else -7
    go_on(
        session,
        f"CREATE SEQUENCE public.s {sequence}",
        COUNTED,
        f"INSERT INTO public.a VALUES ({last})",
    )

    with pytest.raises(psycopg.errors.SequenceGeneratorLimitExceeded):
        coming(session, "public.s")


@pytest.mark.parametrize(("first", "second"), [(7, 90), (90, 7)])
def test_one_that_two_tables_share_goes_on_behind_both(session, first, second) -> None:
    go_on(
        session,
        "CREATE SEQUENCE public.s",
        COUNTED,
        COUNTED.replace("public.a", "public.b"),
        f"INSERT INTO public.a VALUES ({first})",
        f"INSERT INTO public.b VALUES ({second})",
    )

    assert coming(session, "public.s") == 91
